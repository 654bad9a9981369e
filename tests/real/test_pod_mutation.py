"""airflow_local_settings in a real Airflow: what its executor and its operators make of pods."""

import json
import os
import subprocess
from typing import Any

import pytest

from infra.airflow import local_settings
from tests.charts.combinations import Case
from tests.real.airflow_here import VENV

pytestmark = pytest.mark.real

SCRIPT = """
import json, sys
from datetime import datetime, timezone
from kubernetes.client import ApiClient, models as k8s
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator

def operators(**given):
    pod = KubernetesPodOperator(task_id="load", image="example.org/loader:1", do_xcom_push=True, **given)
    hook = {"is_in_cluster": True, "get_namespace": lambda self: "airflow-main"}
    for what in ("image", "resources", "security_context"):
        hook[f"get_xcom_sidecar_container_{what}"] = lambda self: None
    pod.hook = type("Hook", (), hook)()
    return pod.build_pod_request_obj()

def executors(override=None):
    template = k8s.V1Pod(
        metadata=k8s.V1ObjectMeta(labels={"tier": "airflow"}),
        spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base")], node_selector={"pool": "tasks"}),
    )
    return PodGenerator.construct_pod(
        dag_id="d", task_id="t", pod_id="d-t", try_number=1, kube_image="airflow", date=None, args=["x"],
        pod_override_object=override, base_worker_pod=template, namespace="airflow-main", scheduler_job_id="1",
        run_id="r", with_mutation_hook=True,
    )

resources = k8s.V1ResourceRequirements
containers = [k8s.V1Container(name="base"), k8s.V1Container(name="side", image="x")]
sidecar = k8s.V1Pod(spec=k8s.V1PodSpec(containers=containers))
made = {
    "plain": operators(),
    "named": operators(namespace="airflow-main"),
    "elsewhere": operators(namespace="team"),
    "large": operators(container_resources=resources(requests={"memory": "9Gi"}), node_selector={"pool": "gpu"}),
    "task": executors(),
    "sidecar": executors(sidecar),
    "first": operators(labels={"seen": "no"}),
}
print("MADE " + json.dumps({name: ApiClient().sanitize_for_serialization(pod) for name, pod in made.items()}))
"""
FIRST = "__all__ = ['pod_mutation_hook']\n\n\ndef pod_mutation_hook(pod):\n    pod.metadata.labels['seen'] = 'yes'\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not (VENV / "bin" / "airflow").exists():
        pytest.skip("no Airflow in .airflow/venv: run `make .airflow/.installed`")
    home = tmp_path_factory.mktemp("airflow")
    (home / "config").mkdir()
    case = Case("kubernetes", cloud="azure")
    values = case.values(values={"airflowLocalSettings": FIRST})
    (home / "config" / "airflow_local_settings.py").write_text(values[local_settings.VALUE])
    (home / "script.py").write_text(SCRIPT)
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home)}
    command = [VENV / "bin" / "python", home / "script.py"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("MADE ")]
    return json.loads(line.removeprefix("MADE "))


@pytest.mark.guarantee("a DAG's pods stand apart")
def test_an_operators_pod_goes_to_the_releases_own_namespace(made: dict[str, Any]) -> None:
    for name in ("plain", "named"):
        assert made[name]["metadata"]["namespace"] == "airflow--main"
        assert made[name]["spec"]["serviceAccountName"] == "main"
        assert "securityContext" not in str(made[name]["spec"].get("securityContext") or {})
    assert made["elsewhere"]["metadata"]["namespace"] == "team"
    assert not made["elsewhere"]["spec"].get("nodeSelector")


@pytest.mark.guarantee("a DAG's pods stand apart")
def test_an_operators_pod_gets_the_pool_and_bounds_that_it_does_not_say(made: dict[str, Any]) -> None:
    spec = made["plain"]["spec"]
    assert spec["nodeSelector"] == {"airflow-platform/pool": "tasks"}
    assert [one["key"] for one in spec["tolerations"]] == ["airflow-platform/pool"]
    base, sidecar = spec["containers"]
    assert base["resources"] == {
        "requests": {"cpu": "250m", "memory": "512Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    }
    assert sidecar["resources"]["limits"] == {"cpu": "1", "memory": "512Mi"}
    large = made["large"]["spec"]
    assert large["nodeSelector"] == {"pool": "gpu"}
    assert large["containers"][0]["resources"]["limits"]["memory"] == "9Gi"


@pytest.mark.guarantee("a DAG's pods stand apart")
def test_a_tasks_pod_stays_is_labelled_and_confined(made: dict[str, Any]) -> None:
    for name in ("task", "sidecar"):
        pod = made[name]
        assert pod["metadata"]["namespace"] == "airflow-main"
        assert pod["metadata"]["labels"]["airflow-platform/reaches-api"] == "true"
        assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
        assert pod["spec"]["nodeSelector"] == {"pool": "tasks"}
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        for container in pod["spec"]["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]
    assert [one["name"] for one in made["sidecar"]["spec"]["containers"]] == ["base", "side"]


@pytest.mark.guarantee("a DAG's pods stand apart")
def test_a_releases_own_hook_runs_first(made: dict[str, Any]) -> None:
    assert made["first"]["metadata"]["labels"]["seen"] == "yes"
    assert made["first"]["metadata"]["namespace"] == "airflow--main"
