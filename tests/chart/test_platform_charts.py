"""The platform's values against its charts: every key is one that the chart has, and what it renders is confined.

The keys stand in data/platform-chart-keys.json. Rendering needs helm and the charts unpacked under PLATFORM_CHARTS (a
folder with ingress-nginx, traefik, cert-manager, keda and kube-prometheus-stack, dependencies included).
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview.model import Options, Plan, Resource
from tests.program.invariants import RELEASE, containers_are_confined, pins
from tests.program.platform_site import plan
from tests.program.stacks import pod_specs

KEYS = json.loads((Path(__file__).parent / "data/platform-chart-keys.json").read_text())["charts"]
# Keys that a chart takes and its values.yaml leaves out, or has only in a comment.
TAKEN = {
    ("cert-manager", "serviceAccount.name"),
    ("ingress-nginx", "fullnameOverride"),
    ("traefik", "service.spec.externalTrafficPolicy"),
}
# Objects without fixed keys: a ConfigMap's content, labels, requests and limits.
OPEN = (
    "config",
    "containerSecurityContext",
    "resources",
    "nodeSelector",
    "annotations",
    "grafana.ini",
    "podLabels",
    "tlsOptions",
    "nodePorts",
    "extraArgs",
)
ALERTS = {"slack": {"channel": "#airflow"}}
CELERY = {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {}}}


@cache
def plans() -> tuple[Plan, ...]:
    monitoring = {"state": "on", "alerts": ALERTS}
    return (
        plan({"monitoring": monitoring}, releases=[CELERY]),
        plan({"ingress": {"controller": "traefik"}}),
    )


def releases() -> Iterator[Resource]:
    done: set[str] = set()
    for made in plans():
        for release in made.of_type(RELEASE):
            if release.name not in done:
                done.add(release.name)
                yield release


def unknown(values: Mapping[str, Any], known: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        if key in known:
            if isinstance(value, Mapping) and known[key] and key not in OPEN:
                yield from unknown(value, known[key], here)
        elif key not in known.get("", ()):
            yield here


def test_every_chart_of_the_plan_is_checked() -> None:
    assert {release.inputs["chart"] for release in releases()} == KEYS.keys()


@pytest.mark.parametrize("chart", KEYS)
def test_every_key_is_one_that_the_chart_has(chart: str) -> None:
    release = next(release for release in releases() if release.inputs["chart"] == chart)
    found = {(chart, key) for key in unknown(release.inputs["values"], KEYS[chart])}
    assert found <= TAKEN


@pytest.mark.parametrize("chart", KEYS)
def test_a_misspelt_key_is_found(chart: str) -> None:
    release = next(release for release in releases() if release.inputs["chart"] == chart)
    key, value = next((key, value) for key, value in release.inputs["values"].items() if key not in OPEN)
    assert list(unknown({f"{key}s_": value}, KEYS[chart])) == [f"{key}s_"]


@pytest.mark.parametrize("chart", KEYS)
@pytest.mark.guarantee("charts and images are pinned", "containers are confined")
def test_what_the_chart_renders_is_confined_and_pinned(chart: str, tmp_path: Path) -> None:
    """Only node-exporter, in a namespace of its own, has the node's."""
    folder = Path(os.environ.get("PLATFORM_CHARTS", "")) / chart
    if not os.environ.get("PLATFORM_CHARTS") or not shutil.which("helm") or not folder.is_dir():
        pytest.skip("needs helm on the PATH and the charts under PLATFORM_CHARTS")
    release = next(release for release in releases() if release.inputs["chart"] == chart)
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(release.inputs["values"]))
    command = ["helm", "template", release.name, str(folder), "--namespace", release.inputs["namespace"]]
    options = ["--values", str(tmp_path / "values.yaml"), "--kube-version", "1.34.0"]
    text = subprocess.run([*command, *options], capture_output=True, text=True, check=True).stdout
    objects = [made for made in yaml.safe_load_all(text) if made and made["kind"] != "CustomResourceDefinition"]
    rendered = Plan("airflow", "test", tuple(_resource(made) for made in objects))
    assert [*containers_are_confined(rendered), *pins(rendered)] == []
    hosts = [made["metadata"]["name"] for made in objects for spec in pod_specs(made) if spec.get("hostNetwork")]
    assert all("node-exporter" in name for name in hosts)


def _resource(made: Mapping[str, Any]) -> Resource:
    name = f"{made['kind']}-{made['metadata']['name']}"
    return Resource(name, f"kubernetes:x:{made['kind']}", name, True, None, None, made, (), Options())
