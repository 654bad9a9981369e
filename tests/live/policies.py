"""Whether the cluster enforces NetworkPolicies, found out with two pods of a namespace of its own."""

import json
import secrets
import subprocess
import time
from typing import Any

from ops.cluster import Cluster

PORT = 8000
PATIENCE = 40  # seconds: what enforces is told of a policy within a few
DENY: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
}


def enforced(cluster: Cluster, image: str) -> bool:
    """Whether a connection that worked is refused once a policy denies it."""
    namespace = f"policies-{secrets.token_hex(3)}"
    make_namespace(cluster, namespace)
    try:
        pods = [
            pod("server", image, ["python", "-m", "http.server", str(PORT)]),
            pod("client", image, ["sleep", "600"]),
        ]
        for one in pods:
            cluster.run("create", "-f", "-", "-n", namespace, given=json.dumps(one))
        cluster.run("wait", "--for=condition=Ready", "pod", "--all", "-n", namespace, "--timeout=180s")
        address = cluster.get("pod", "server", "-n", namespace)["status"]["podIP"]
        assert _within(lambda: connects(cluster, namespace, "client", address, PORT)), "pods do not reach each other"
        cluster.run("create", "-f", "-", "-n", namespace, given=json.dumps(DENY))
        return _within(lambda: not connects(cluster, namespace, "client", address, PORT))
    finally:
        cluster.run("delete", "namespace", namespace, "--wait=false")


def make_namespace(cluster: Cluster, name: str) -> None:
    """With its default service account, without which a pod is refused: a busy cluster makes it seconds later."""
    cluster.run("create", "namespace", name)
    account = ("get", "serviceaccount", "default", "-n", name, "--ignore-not-found", "-o", "name")
    assert _within(lambda: cluster.run(*account)), f"namespace {name} gets no service account"


def pod(name: str, image: str, command: list[str], **labels: str) -> dict[str, Any]:
    """A pod of Pod Security's restricted level."""
    container: dict[str, Any] = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "command": command}
    container["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container["resources"] = {
        "requests": {"cpu": "10m", "memory": "64Mi"},
        "limits": {"cpu": "500m", "memory": "64Mi"},
    }
    spec: dict[str, Any] = {"containers": [container], "terminationGracePeriodSeconds": 0}
    spec["securityContext"] = {"runAsNonRoot": True, "runAsUser": 50000, "seccompProfile": {"type": "RuntimeDefault"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


def connects(cluster: Cluster, namespace: str, name: str, host: str, port: int) -> bool:
    """Whether the pod gets a connection."""
    command = ("timeout", "5", "bash", "-c", f"</dev/tcp/{host}/{port}")
    inside = cluster.command("exec", "-n", namespace, name, "--", *command)
    return subprocess.run(inside, env=cluster.environment, capture_output=True, check=False).returncode == 0


def _within(holds: Any) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(1)
    return bool(held)
