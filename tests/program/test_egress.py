"""Who may reach what outside of the cluster: an evaluator of NetworkPolicies, over the plans of the shipped stacks."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.airflow import access
from infra.airflow.parts import CONTROL, Parts
from infra.preview.model import Plan
from infra.settings import read
from tests.program.conftest import PlanOf
from tests.program.reading import one
from tests.program.stacks import SHIPPED
from tests.unit.stacks import LOCAL, flat

HELM, POLICY = "kubernetes:helm.sh/v3:Release", "kubernetes:networking.k8s.io/v1:NetworkPolicy"
METADATA, HOST, AGENT, INTERNET = "169.254.169.254", "168.63.129.16", "169.254.170.23", "93.184.1.1"
PORTS = (22, 53, 80, 443, 6443, 8443, 16443)
AIRFLOW = (*CONTROL, "worker", "jobs", "statsd")


def _within(address: str, block: Mapping[str, Any]) -> bool:
    found = ipaddress.ip_address(address)
    networks = [ipaddress.ip_network(str(cidr)) for cidr in block.get("except") or []]
    wide = isinstance(block["cidr"], str) and found in ipaddress.ip_network(block["cidr"])
    return wide and not any(found in network for network in networks)


def reached(plan: Plan, namespace: str, labels: Mapping[str, str], address: str) -> set[int]:
    """The ports of PORTS on which a pod with these labels may reach an address that is no pod's."""
    found: set[int] = set()
    for policy in plan.of_type(POLICY):
        spec = policy.inputs["spec"]
        selected = (spec.get("podSelector") or {}).get("matchLabels") or {}
        if policy.inputs["metadata"]["namespace"] == namespace and selected.items() <= labels.items():
            for rule in spec.get("egress") or []:
                blocks = [to["ipBlock"] for to in rule.get("to") or [] if "ipBlock" in to]
                if not rule.get("to") or any(_within(address, block) for block in blocks):
                    given = {entry["port"] for entry in rule.get("ports") or []}
                    found |= {port for port in PORTS if not rule.get("ports") or port in given}
    return found


def pods(plan: Plan) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Component, namespace and labels of every kind of pod of a release, and of what its DAGs start."""
    for made in plan.of_type(HELM):
        if made.inputs["chart"] == "airflow":
            release = read(flat({**LOCAL, "releases": [{"name": made.name}]})).releases[0]
            for part in AIRFLOW:
                labels = {**Parts(release).labels(part), **access.labels(release, part)}
                yield part, str(made.inputs["namespace"]), labels
            yield "dag-pod", release.pods_namespace, {}


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
@pytest.mark.parametrize("egress", [(), ("releases[0].egress=[]",)], ids=["anything", "nothing"])
@pytest.mark.guarantee("no pod asks for its node's token")
def test_no_pod_reaches_the_addresses_of_its_node(
    plan: PlanOf, stack: str, stacks: str, egress: tuple[str, ...]
) -> None:
    made = plan(stack, stacks, *egress)
    seen = {part for part, namespace, labels in pods(made) if not _metadata(made, namespace, labels)}
    assert seen == {*AIRFLOW, "dag-pod"}


def _metadata(plan: Plan, namespace: str, labels: Mapping[str, str]) -> set[int]:
    found = reached(plan, namespace, labels, METADATA) | reached(plan, namespace, labels, HOST)
    return found & {22, 53, 80}


@pytest.mark.guarantee("no pod asks for its node's token")
def test_workload_identitys_agent_is_asked_by_those_that_are_somebody(plan: PlanOf) -> None:
    made = plan("production")
    asking = {part for part, namespace, labels in pods(made) if reached(made, namespace, labels, AGENT)}
    assert asking == {*CONTROL, "worker"}
    for _, namespace, labels in pods(made):
        assert reached(made, namespace, labels, AGENT) <= {80}


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED[1:])
def test_with_no_egress_tasks_keep_https_alone_and_their_dags_pods_nothing(
    plan: PlanOf, stack: str, stacks: str
) -> None:
    """S3's, Entra's and the API's addresses move: 443 stays. Git is where the DAGs come from."""
    made = plan(stack, stacks, "releases[0].egress=[]")
    assert one(made, HELM, "main")
    for part, namespace, labels in pods(made):
        ports = reached(made, namespace, labels, INTERNET)
        assert ports <= ({443} if part != "dag-pod" else set()), part


def test_an_evaluator_that_sees_no_exception_would_notice(plan: PlanOf) -> None:
    made = plan("production")
    (labels,) = [labels for part, _, labels in pods(made) if part == "worker"]
    assert reached(made, "airflow-main", labels, INTERNET) == set(PORTS)
    assert reached(made, "airflow-main", {**labels, "release": "another"}, INTERNET) == set()
