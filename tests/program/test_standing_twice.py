"""What serves stands twice in production, apart from its twin, and a drain takes one at a time."""

from typing import Any

import pytest

from infra.preview.model import Plan
from tests.program.conftest import PlanOf
from tests.program.stacks import SHIPPED

PARTS = ("scheduler", "apiServer", "dagProcessor", "triggerer")
PLACES = {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


def values(plan: Plan) -> dict[str, Any]:
    (release,) = [one for one in plan.of_type("kubernetes:helm.sh/v3:Release") if one.inputs["chart"] == "airflow"]
    return dict(release.inputs["values"])


@pytest.mark.guarantee("a node that is drained")
@pytest.mark.parametrize(("stack", "stacks"), [one for one in SHIPPED if one[0] == "production"])
def test_airflow_stands_twice_and_apart_and_a_drain_takes_one_at_a_time(plan: PlanOf, stack: str, stacks: str) -> None:
    parts = {part: values(plan(stack, stacks))[part] for part in PARTS}
    assert {part: value["replicas"] for part, value in parts.items() if value["replicas"] < 2} == {}
    for part, value in parts.items():
        assert value["podDisruptionBudget"] == {"enabled": True, "config": {"maxUnavailable": 1}}, part
        assert {rule["topologyKey"] for rule in value["topologySpreadConstraints"]} == PLACES, part


@pytest.mark.guarantee("a node that is drained")
@pytest.mark.parametrize("controller", ["nginx", "traefik"])
def test_the_ingress_controller_stands_twice(plan: PlanOf, controller: str) -> None:
    made = plan("production", ".", f"platform.ingress.controller={controller}")
    chart = {"nginx": "ingress-nginx", "traefik": "traefik"}[controller]
    (release,) = [one for one in made.of_type("kubernetes:helm.sh/v3:Release") if one.inputs["chart"] == chart]
    given = release.inputs["values"]
    if controller == "nginx":
        assert (
            given["controller"]["replicaCount"] >= 2
        )  # the chart adds a disruption budget where there is more than one
    else:
        assert given["deployment"]["replicas"] >= 2
        assert given["podDisruptionBudget"] == {"enabled": True, "minAvailable": 1}
