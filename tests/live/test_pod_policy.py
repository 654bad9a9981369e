"""Who may make which pods in and beside a release, judged by a real API server; nothing is made that would run."""

import copy
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.preview import planning
from infra.preview.planning import ROOT
from ops.cluster import Cluster
from tests.live import revealed
from tests.program.stacks import filled

KINDS = ("Namespace", "ServiceAccount", "Role", "ValidatingAdmissionPolicy", "LimitRange")  # and bindings of them


@dataclass(frozen=True)
class Here:
    """A release's rights on an API server. `secret` tells the generated name of one of its Secrets."""

    cluster: Cluster
    release: str
    secret: Callable[[str], str]

    @property
    def namespace(self) -> str:
        return f"airflow-{self.release}"

    @property
    def pods(self) -> str:
        return f"airflow--{self.release}"

    def account(self, part: str) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.release}-{part}"

    def pod(self, **spec: Any) -> dict[str, Any]:
        """A task's pod, as the chart's template has it."""
        labels = {"tier": "airflow", "component": "worker", "release": self.release}
        restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        key = {"secretKeyRef": {"name": self.secret("fernet"), "key": "fernet-key"}}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "task",
                "labels": {**labels, "airflow-platform/reaches-api": "true", "kubernetes_executor": "True"},
            },
            "spec": {
                "serviceAccountName": f"{self.release}-worker",
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 50000,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "base",
                        "image": "example.org/airflow:1",
                        "securityContext": restricted,
                        "env": [{"name": "AIRFLOW__CORE__FERNET_KEY", "valueFrom": key}],
                    }
                ],
                "volumes": [{"name": "logs", "persistentVolumeClaim": {"claimName": f"{self.release}-logs"}}],
                **spec,
            },
        }

    def refusal(self, pod: Mapping[str, Any], part: str = "scheduler", namespace: str = "") -> str:
        """What the API server says when this component makes the pod; empty where it takes it."""
        options = ["create", "--dry-run=server", f"--as={self.account(part)}", "-n", namespace or self.namespace]
        command = self.cluster.command(*options, "-f", "-")
        done = subprocess.run(command, input=json.dumps(pod), capture_output=True, text=True, check=False)
        return done.stderr.strip() if done.returncode else ""

    def labelled(self, pod: str, label: str) -> str:
        """What the API server says when the scheduler sets the label."""
        options = ["label", "pod", pod, label, "--overwrite", f"--as={self.account('scheduler')}", "-n", self.namespace]
        done = subprocess.run(self.cluster.command(*options), capture_output=True, text=True, check=False)
        return done.stderr.strip() if done.returncode else ""

    def may(self, part: str, verb: str, what: str, namespace: str) -> bool:
        options = ["auth", "can-i", verb, what, f"--as={self.account(part)}", "-n", namespace]
        return subprocess.run(self.cluster.command(*options), capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def here(api_server: Cluster) -> Iterator[Here]:
    release = f"live{secrets.token_hex(3)}"
    config = f"releases={json.dumps([{'name': release, 'slack': True}])}"
    plan = revealed.plan(planning.Request("local", Path(ROOT), (config,)))
    own = [filled(one.inputs) for one in plan if one.inputs.get("kind", "").removesuffix("Binding") in KINDS]
    objects = [one for one in own if release in json.dumps(one["metadata"])]
    names = {one.name: one.inputs["metadata"]["name"] for one in plan.of_type("kubernetes:core/v1:Secret")}
    made = Here(api_server, release, lambda purpose: names[f"{release}-{purpose}"])
    try:
        for rank in ("Namespace", None):
            items = [one for one in objects if (one["kind"] == "Namespace") == (rank == "Namespace")]
            api_server.run("apply", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        _wait_for_policy(made)
        yield made
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            api_server.run("delete", kind, "-l", f"release={release}")
        api_server.run("delete", "namespace", made.namespace, made.pods, "--wait=false")


def _wait_for_policy(here: Here) -> None:
    """The API server takes a policy up within a second or two."""
    for _ in range(60):
        if here.refusal(here.pod(serviceAccountName=f"{here.release}-api-server")):
            return
        time.sleep(0.5)
    raise AssertionError("the policy is not taken up")


@pytest.mark.guarantee("a task's pod is no other pod")
def test_a_tasks_own_pod_is_taken(here: Here) -> None:
    assert here.refusal(here.pod()) == ""


def _mounts(here: Here, secret: str) -> dict[str, Any]:
    return {"volumes": [{"name": "x", "secret": {"secretName": secret}}]}


def _container(here: Here, **more: Any) -> dict[str, Any]:
    return {"containers": [{**here.pod()["spec"]["containers"][0], **more}]}


def _env(secret: str) -> list[dict[str, Any]]:
    return [{"name": "X", "valueFrom": {"secretKeyRef": {"name": secret, "key": "connection"}}}]


ATTACKS: dict[str, tuple[Callable[[Here], dict[str, Any]], str]] = {
    "the database's URL, mounted": (lambda here: _mounts(here, here.secret("database")), "spec.volumes.secret"),
    "the JWT key, projected": (
        lambda here: {"volumes": [{"name": "x", "projected": {"sources": [{"secret": {"name": here.secret("jwt")}}]}}]},
        "spec.volumes.projected",
    ),
    "the settings, in the environment": (
        lambda here: _container(here, env=_env(here.secret("settings"))),
        "spec.containers.env",
    ),
    "the administrator's password, all of it": (
        lambda here: _container(here, envFrom=[{"secretRef": {"name": here.secret("admin")}}]),
        "spec.containers.envFrom",
    ),
    "in an init container": (
        lambda here: {
            "initContainers": [{**here.pod()["spec"]["containers"][0], "name": "i", "env": _env(here.secret("jwt"))}]
        },
        "spec.containers.env",
    ),
    "to pull with": (
        lambda here: {"imagePullSecrets": [{"name": here.secret("database")}]},
        "spec.imagePullSecrets",
    ),
    "the scheduler's account": (
        lambda here: {"serviceAccountName": f"{here.release}-scheduler"},
        "spec.serviceAccountName",
    ),
    "the sync's account": (lambda here: {"serviceAccountName": f"{here.release}-jobs"}, "spec.serviceAccountName"),
    "another's claim": (
        lambda here: {"volumes": [{"name": "x", "persistentVolumeClaim": {"claimName": "redis-db-main-redis-0"}}]},
        "spec.volumes.persistentVolumeClaim",
    ),
    "a chosen node": (lambda here: {"nodeName": "node"}, "spec.nodeName"),
    "Kubernetes' own priority": (
        lambda here: {"priorityClassName": "system-node-critical"},
        "spec.priorityClassName",
    ),
}


@pytest.mark.guarantee("a task's pod is no other pod")
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_tasks_override_may_not_say_is_refused_with_its_field(here: Here, attack: str) -> None:
    spec, field = ATTACKS[attack]
    assert field in here.refusal(here.pod(**spec(here)))


@pytest.mark.guarantee("a task's pod is no other pod")
@pytest.mark.parametrize(
    "labels",
    [
        {"component": "api-server"},
        {"release": "another"},
        {"airflow-platform/reaches-database": "true"},
        {"acme.cert-manager.io/http01-solver": "true"},
        {"azure.workload.identity/use": "true"},
    ],
)
def test_a_tasks_pod_wears_no_other_components_labels(here: Here, labels: dict[str, str]) -> None:
    pod = here.pod()
    pod["metadata"]["labels"] |= labels
    assert "metadata.labels" in here.refusal(pod)
    pod["metadata"]["labels"] = {**here.pod()["metadata"]["labels"], "team.example.org/cost": "data"}
    assert here.refusal(pod) == ""


@pytest.mark.guarantee("a task's pod is no other pod")
def test_the_scheduler_marks_its_pods_and_no_other_pod(here: Here) -> None:
    """It adopts pods by a label, those of an earlier list too; the api-server's stay out of its reach."""
    other = here.pod(schedulerName="none")
    other["metadata"] |= {"name": "other", "labels": {"tier": "airflow", "component": "api-server"}}
    earlier = here.pod(schedulerName="none")
    earlier["metadata"]["labels"]["airflow-platform/reaches-earlier"] = "true"
    items = {"apiVersion": "v1", "kind": "List", "items": [other, earlier]}
    here.cluster.run("apply", "-n", here.namespace, "-f", "-", given=json.dumps(items))
    assert here.labelled("task", "airflow-worker=2") == ""
    assert "metadata.labels" in here.labelled("task", "airflow-platform/reaches-database=true")
    assert "metadata.labels" in here.labelled("task", "component=api-server")
    assert "metadata.labels" in here.labelled("other", f"release={here.release}")
    here.cluster.run("delete", "pod", "task", "other", "-n", here.namespace, "--wait=false", "--grace-period=0")


HOST: tuple[dict[str, Any], ...] = (
    {"hostNetwork": True},
    {"hostPID": True},
    {"hostIPC": True},
    {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
)


@pytest.mark.guarantee("a task's pod is no other pod")
def test_a_tasks_pod_has_no_part_of_its_node(here: Here) -> None:
    """Pod Security refuses it too, and first: the policy is asked in a namespace that lets everything through."""
    label = "pod-security.kubernetes.io/enforce"
    here.cluster.run("label", "namespace", here.namespace, f"{label}=privileged", "--overwrite")
    try:
        for spec in HOST:
            assert "ValidatingAdmissionPolicy" in here.refusal(here.pod(**spec)), spec
        port = _container(here, ports=[{"containerPort": 80, "hostPort": 80}])
        privileged = _container(here, securityContext={"privileged": True})
        assert "hostPort" in here.refusal(here.pod(**port))
        assert "privileged" in here.refusal(here.pod(**privileged))
    finally:
        here.cluster.run("label", "namespace", here.namespace, f"{label}=restricted", "--overwrite")


@pytest.mark.guarantee("only the scheduler starts pods beside Airflow")
@pytest.mark.parametrize("part", ["worker", "triggerer", "api-server", "dag-processor", "jobs"])
def test_only_the_scheduler_makes_pods_beside_airflow(here: Here, part: str) -> None:
    assert "forbidden" in here.refusal(here.pod(), part)
    for verb, what in (("create", "pods"), ("patch", "pods"), ("delete", "pods"), ("create", "pods/exec")):
        assert not here.may(part, verb, what, here.namespace), f"{verb} {what}"
    for what in ("secrets", "configmaps", "serviceaccounts/token"):
        assert not here.may("worker", "get", what, here.namespace)


@pytest.mark.guarantee("a DAG's pods stand apart")
@pytest.mark.parametrize("part", ["worker", "triggerer"])
def test_a_dags_code_starts_pods_in_their_own_namespace(here: Here, part: str) -> None:
    """The pod of an operator's defaults, with the sidecar of `do_xcom_push`: images that run as root."""
    plain = {"name": "base", "image": "example.org/busybox:1", "command": ["true"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "job"}, "spec": {"restartPolicy": "Never"}}
    pod["spec"] = {"containers": [plain, {**plain, "name": "airflow-xcom-sidecar"}], "serviceAccountName": here.release}
    assert here.refusal(pod, part, here.pods) == ""
    for verb, what in (("delete", "pods"), ("create", "pods/exec"), ("get", "pods/log"), ("watch", "pods")):
        assert here.may(part, verb, what, here.pods), f"{verb} {what}"
    privileged = copy.deepcopy(pod)
    privileged["spec"]["hostNetwork"] = True
    assert "baseline" in here.refusal(privileged, part, here.pods)
    for what in ("secrets", "serviceaccounts/token", "roles", "networkpolicies"):
        assert not here.may(part, "create", what, here.pods), what
