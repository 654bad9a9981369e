"""Who of the platform may call whom, judged as strictly as any cluster would: a network is never a pod or a node.

That is how Cilium, which AKS runs, reads an `ipBlock`; others allow more. Only a rule for everybody takes in nodes.
"""

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from infra.namespaces import NAME_LABEL
from infra.platform import certificates
from infra.platform.monitoring import stack
from infra.preview.model import Plan
from tests.program.platform_site import plan

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ACME = {"issuer": "letsencrypt-staging", "email": "data@acme.org"}
CERT_MANAGER, PROMETHEUS = certificates.CONTROLLER_LABELS, stack.PROMETHEUS_LABELS
POD_NAMES = {"nginx": "ingress-nginx", "traefik": "traefik"}
EXISTING = {"state": "existing", "className": "company", "existingNamespace": "edge", "existingAddress": "lb.acme.org"}

Where = Literal["world", "node"] | tuple[str, str]
"""Outside, a node, or the namespace of a pod and its name by `app.kubernetes.io/name`."""


def reaches(made: Plan, part: str, pod: Mapping[str, str], where: Where, port: int, protocol: str = "TCP") -> bool:
    """Whether a pod of the part's namespace may call that port there."""
    return any(
        _port(rule, port, protocol) and _peer(rule, where)
        for one in made.of_type(POLICY)
        if one.inputs["metadata"]["namespace"] == f"airflow-test-{part}"
        if (one.inputs["spec"]["podSelector"].get("matchLabels") or {}).items() <= pod.items()
        for rule in one.inputs["spec"].get("egress") or []
    )


def _port(rule: Mapping[str, Any], port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return ports is None or any(one["port"] == port and one["protocol"] == protocol for one in ports)


def _peer(rule: Mapping[str, Any], where: Where) -> bool:
    peers = rule.get("to")
    if peers is None:
        return True
    if where == "node":
        return False
    if where == "world":
        return any(one.get("ipBlock", {}).get("cidr") == "0.0.0.0/0" for one in peers)
    labels = {NAME_LABEL: where[0]}, {"app.kubernetes.io/name": where[1], "app.kubernetes.io/component": "controller"}
    return any("namespaceSelector" in one and _pod(one, *labels) for one in peers)


def _pod(peer: Mapping[str, Any], namespace: Mapping[str, str], pod: Mapping[str, str]) -> bool:
    def wanted(kind: str) -> Any:
        return ((peer.get(kind) or {}).get("matchLabels") or {}).items()

    return wanted("namespaceSelector") <= namespace.items() and wanted("podSelector") <= pod.items()


@pytest.mark.parametrize("controller", ["nginx", "traefik"])
@pytest.mark.guarantee("a certificate challenge in closed namespaces")
def test_cert_manager_may_ask_a_host_as_lets_encrypt_will(controller: str) -> None:
    """A call to the load balancer's address may go straight to the controller's pods."""
    made = plan({"ingress": {"controller": controller}, "certificates": ACME})
    for port in (80, 443, 8000, 8443):
        assert reaches(made, "certificates", CERT_MANAGER, (f"airflow-test-{controller}", POD_NAMES[controller]), port)
    assert reaches(made, "certificates", CERT_MANAGER, "world", 443)
    assert not reaches(made, "certificates", CERT_MANAGER, "world", 53, "UDP")
    assert not reaches(made, "certificates", {}, (f"airflow-test-{controller}", POD_NAMES[controller]), 80)


def test_cert_manager_may_ask_a_host_through_an_existing_controller() -> None:
    made = plan({"ingress": EXISTING, "certificates": ACME})
    assert reaches(made, "certificates", CERT_MANAGER, ("edge", "company"), 8080)
    assert not reaches(made, "certificates", CERT_MANAGER, ("elsewhere", "company"), 8080)


def test_cert_manager_may_ask_the_zones_own_name_servers_for_its_answer() -> None:
    made = plan({"certificates": {**ACME, "challenge": "dns01"}})
    for protocol in ("UDP", "TCP"):
        assert reaches(made, "certificates", CERT_MANAGER, "world", 53, protocol)
    assert not reaches(made, "certificates", certificates.WEBHOOK_LABELS, "world", 53)


def test_an_own_ca_asks_nobody_outside() -> None:
    made = plan({"certificates": {"issuer": "own-ca"}})
    assert not reaches(made, "certificates", CERT_MANAGER, "world", 443)


@pytest.fixture(scope="module")
def watched() -> Plan:
    scaled = {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {}}}
    return plan({"monitoring": "on", "chaos": "on"}, releases=[scaled])


def test_prometheus_reaches_the_nodes_and_nobody_else_does(watched: Plan) -> None:
    for port in (10250, 9100):
        assert reaches(watched, "monitoring", PROMETHEUS, "node", port)
        assert not reaches(watched, "monitoring", {"app.kubernetes.io/name": "grafana"}, "node", port)
    assert not reaches(watched, "monitoring", PROMETHEUS, "node", 22)
    assert not reaches(watched, "monitoring", PROMETHEUS, "world", 443)


@pytest.mark.parametrize("part", ["nginx", "certificates", "monitoring", "keda", "chaos"])
def test_each_part_reaches_the_api_at_its_ports_alone(watched: Plan, part: str) -> None:
    """On AKS and an existing cluster the API's address is not known: its ports are all the bound there is."""
    (policy,) = (
        one.inputs
        for one in watched.of_type(POLICY)
        if one.name.endswith("-api-server") and one.inputs["metadata"]["namespace"] == f"airflow-test-{part}"
    )
    (rule,) = policy["spec"]["egress"]
    assert {port["port"] for port in rule["ports"]} == {443, 6443, 8443, 16443}
