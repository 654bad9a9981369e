"""The whole program for every stack file that ships."""

import json

import kubernetes_validate
import pytest

from infra.preview import planning
from infra.settings import SECRETS
from tests.program.conftest import PlanOf
from tests.program.invariants import broken
from tests.program.stacks import SHIPPED, filled


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
class TestShippedStacks:
    """Each plan is made once a session."""

    def test_the_invariants_hold(self, plan: PlanOf, stack: str, stacks: str) -> None:
        # checks: invariants 1, 2, 3, 4, 22, 23, 24, 25
        assert broken(plan(stack, stacks)) == []

    def test_every_release_is_there(self, plan: PlanOf, stack: str, stacks: str) -> None:
        assert plan(stack, stacks).of_type("kubernetes:helm.sh/v3:Release")

    def test_no_secret_is_in_the_plan(self, plan: PlanOf, stack: str, stacks: str) -> None:
        # checks: invariant 1. Every secret was a placeholder, and each placeholder is a canary.
        text = json.dumps(plan(stack, stacks).as_json())
        assert "plan-placeholder" not in text
        for spec in SECRETS.values():
            assert not any(spec.placeholder(number) in text for number in range(40))

    def test_what_a_person_must_do_is_listed(self, plan: PlanOf, stack: str, stacks: str) -> None:
        made = plan(stack, stacks)
        assert "airflow:fernetKey" in made.missing_secrets
        assert bool(made.placeholders) == (stack != "local")

    def test_own_manifests_are_valid(self, plan: PlanOf, stack: str, stacks: str) -> None:
        for resource in plan(stack, stacks):
            group = resource.type.removeprefix("kubernetes:").split("/")[0]
            if resource.type.startswith("kubernetes:") and ("." not in group or group.endswith(".k8s.io")):
                kubernetes_validate.validate(filled(resource.inputs), "1.34", strict=True)


def test_a_plan_is_the_same_twice() -> None:
    first, second = (planning.make(planning.Request("local")).plan for _ in range(2))
    assert first.as_json() == second.as_json()
