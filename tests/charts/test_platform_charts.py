"""What the platform's charts render from the program's values: pods that are confined, images that are pinned."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.preview.model import Options, Plan, Resource
from tests.charts import pinned, written
from tests.charts.rendering import chart, parsed, template
from tests.program.invariants import containers_are_confined, pins
from tests.program.stacks import pod_specs


@pytest.mark.parametrize("name", sorted(pinned.CHARTS.keys() - {"airflow"}))
@pytest.mark.guarantee("charts and images are pinned", "containers are confined")
def test_what_the_chart_renders_is_confined_and_pinned(name: str, tmp_path: Path) -> None:
    """Only node-exporter, in a namespace of its own, has the node's."""
    release = written.releases()[name]
    text = template(
        chart(name),
        release.inputs["values"],
        tmp_path,
        name=release.inputs.get("name", release.name),
        namespace=release.inputs["namespace"],
    )
    objects = [one for one in parsed(text) if one["kind"] != "CustomResourceDefinition"]
    rendered = Plan("airflow", "test", tuple(_resource(one) for one in objects))
    assert [*containers_are_confined(rendered), *pins(rendered)] == []
    hosts = [one["metadata"]["name"] for one in objects for spec in pod_specs(one) if spec.get("hostNetwork")]
    assert all("node-exporter" in name for name in hosts)
    assert any(list(pod_specs(one)) for one in objects)


def _resource(made: Mapping[str, Any]) -> Resource:
    name = f"{made['kind']}-{made['metadata']['name']}"
    return Resource(name, f"kubernetes:x:{made['kind']}", name, True, None, None, made, (), Options())
