"""`values:` in depth: what Helm would refuse at the end of an `up`, or pass over in silence, told in the plan."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from infra import versions
from infra.settings import Problem, chart_schema, read
from infra.settings.chart_rules import foreign_sections
from tests.charts.combinations import Case
from tests.unit.stacks import LOCAL, flat, problems

HERE = "airflow:releases[0].values"
CELERY = {"executor": "CeleryExecutor", "celery": {"broker": "redis"}}


def _problems(values: dict[str, Any], **top: Any) -> dict[str, Problem]:
    return problems({**LOCAL, "releases": [{"name": "main", **CELERY, "values": values}], **top})


@pytest.mark.parametrize(
    ("values", "key", "told"),
    [
        # misspelt
        ({"scheduler": {"replcas": 3}}, "scheduler.replcas", "did you mean replicas?"),
        ({"scheduler": {"resources": {"limit": {}}}}, "scheduler.resources.limit", "did you mean limits?"),
        ({"workers": {"celery": {"replica": 2}}}, "workers.celery.replica", "did you mean replicas?"),
        ({"volumes": [{"nam": "x"}]}, "volumes[0].nam", "did you mean name?"),
        # mistyped
        ({"scheduler": {"replicas": "three"}}, "scheduler.replicas", "without quotes"),
        (
            {"scheduler": {"livenessProbe": {"timeoutSeconds": True}}},
            "scheduler.livenessProbe.timeoutSeconds",
            "digits",
        ),
        ({"apiServer": {"env": [{"name": "X", "value": 3}]}}, "apiServer.env[0].value", "quotes"),
        ({"apiServer": {"env": [{"name": "X"}]}}, "apiServer.env[0]", "with value, or with valueFrom"),
        (
            {"workers": {"celery": {"sets": [{"name": "a", "replcas": 1}]}}},
            "workers.celery.sets",
            "two PodDisruptionBudgets",
        ),
        ({"scheduler": {"strategy": "Recreate"}}, "scheduler.strategy", "an object"),
        # null
        ({"scheduler": {"env": None}}, "scheduler.env", "leave the key out"),
        ({"volumes": [{"name": "x", "emptyDir": None}]}, "volumes[0].emptyDir", "leave the key out"),
        # moved
        (
            {"workers": {"resources": {"limits": {"cpu": "1"}}}},
            "workers.resources",
            "use workers.celery.resources or workers",
        ),
        ({"workers": {"replicas": 3}}, "workers.replicas", "use workers.celery.replicas"),
        # behind a list
        (
            {"workers": {"celery": {"sets": [{"name": "a", "securityContexts": {"container": {"privileged": True}}}]}}},
            "workers.celery.sets",
            "guarded",
        ),
    ],
)
@pytest.mark.guarantee("an unknown or guarded chart value")
def test_refused_with_its_cure(values: dict[str, Any], key: str, told: str) -> None:
    found = _problems(values)
    assert list(found) == [f"{HERE}.{key}"]
    assert told in str(found[f"{HERE}.{key}"])


@pytest.mark.parametrize(
    "values",
    [
        {"scheduler": {"podDisruptionBudget": {"config": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}}},
        {"scheduler": {"nodeSelector": {"any": "thing"}, "annotations": {"a/b": "c"}}},
        {
            "volumes": [{"name": "ca", "configMap": {"name": "ca"}}],
            "volumeMounts": [{"name": "ca", "mountPath": "/ca"}],
        },
        {"workers": {"celery": {"resources": {"limits": {"memory": "8Gi"}}, "env": [{"name": "A", "value": "b"}]}}},
        {"extraEnv": "- name: A\n  value: b\n"},
        {"scheduler": {"extraContainers": [{"name": "x", "image": "busybox", "command": ["sleep", "1"]}]}},
    ],
)
def test_what_the_chart_takes_is_taken(values: dict[str, Any]) -> None:
    assert _problems(values) == {}


def test_the_value_of_a_variable_is_not_shown() -> None:
    found = _problems({"scheduler": {"env": [{"name": "DB", "value": 77123}, {"name": "E", "valu": "hunter2"}]}})
    text = "\n".join(map(str, found.values()))
    assert len(found) == 3
    assert "77123" not in text
    assert "hunter2" not in text


@pytest.mark.guarantee("an unknown or guarded chart value")
def test_an_archive_is_judged_by_its_own_schema(tmp_path: Path) -> None:
    schema = json.loads(json.dumps(chart_schema.kept()))
    schema["properties"]["scheduler"]["properties"]["patched"] = {"type": "integer"}
    path = tmp_path / "airflow.tgz"
    chart = f"name: airflow\nversion: {versions.AIRFLOW_CHART}\n".encode()
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (("Chart.yaml", chart), ("values.schema.json", json.dumps(schema).encode())):
            info = tarfile.TarInfo(f"airflow/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    patched = {"scheduler": {"patched": 1}}
    assert list(_problems(patched)) == [f"{HERE}.scheduler.patched"]
    assert _problems(patched, airflowChart=str(path)) == {}
    assert list(_problems({"scheduler": {"patched": "1"}}, airflowChart=str(path))) == [f"{HERE}.scheduler.patched"]


def test_arguments_and_commands_take_the_place_of_ours_and_other_lists_join_them() -> None:
    args = ["bash", "-c", "exec airflow api-server --workers 4 --proxy-headers"]
    own = Case("kubernetes").values()["apiServer"]
    made = Case("kubernetes").values(values={"apiServer": {"args": args, "env": [{"name": "A", "value": "b"}]}})
    assert made["apiServer"]["args"] == args
    assert made["apiServer"]["env"] == [*own["env"], {"name": "A", "value": "b"}]


@pytest.mark.parametrize(
    ("values", "key", "told"),
    [
        ({"databaseCleanup": {"enabled": True}}, "databaseCleanup", "the release's own cleanup"),
        ({"cleanup": {"enabled": True}}, "cleanup", "delete_worker_pods"),
        ({"workers": {"celery": {"keda": {"enabled": True}}}}, "workers.celery.keda", "the release's celery.keda"),
        ({"workers": {"celery": {"sets": [{"name": "a"}]}}}, "workers.celery.sets", "workers.celery.queue"),
        ({"podTemplate": "x"}, "podTemplate", "pod_override"),
        ({"multiNamespaceMode": True}, "multiNamespaceMode", "another release"),
        ({"webserver": {"replicas": 1}}, "webserver", "apiServer"),
        ({"airflowVersion": "3.0.0"}, "airflowVersion", "image.tag"),
    ],
)
@pytest.mark.guarantee("an unknown or guarded chart value")
def test_a_refusal_names_what_is_there_instead(values: dict[str, Any], key: str, told: str) -> None:
    found = _problems(values)
    assert list(found) == [f"{HERE}.{key}"]
    assert told in str(found[f"{HERE}.{key}"])


def test_a_section_of_another_provider_is_taken_and_a_misspelt_one_is_not() -> None:
    config = {"openlineage": {"transport": "{}"}, "datadog": {"x": 1}}
    release = read(flat({**LOCAL, "releases": [{"name": "main", "config": config}]})).releases[0]
    assert foreign_sections(release.config) == ("openlineage", "datadog")
    wrong = problems({**LOCAL, "releases": [{"name": "main", "config": {"schedular": {"x": 1}}}]})
    assert wrong["airflow:releases[0].config.schedular"].cure == "did you mean scheduler?"


def test_remote_logs_on_an_existing_cluster_are_not_promised() -> None:
    given = {"config": {"logging": {"remote_logging": True}}}
    (found,) = problems({**LOCAL, "releases": [{"name": "main", **given}]}).values()
    assert "an existing cluster has share and pod" in found.rule
