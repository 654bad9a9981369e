"""The whole program for every stack file that ships."""

import json

import kubernetes_validate
import pytest

from infra.preview import diff, diff_report, planning, report
from infra.preview.graph import mermaid
from infra.preview.model import Plan
from infra.preview.schedule import schedule
from infra.settings import SECRETS
from tests.program.conftest import PlanOf
from tests.program.invariants import EVERY_PLAN, broken
from tests.program.stacks import SHIPPED, filled


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
class TestShippedStacks:
    """Each plan is made once a session."""

    @EVERY_PLAN
    def test_the_invariants_hold(self, plan: PlanOf, stack: str, stacks: str) -> None:
        assert broken(plan(stack, stacks)) == []

    def test_every_release_is_there(self, plan: PlanOf, stack: str, stacks: str) -> None:
        assert plan(stack, stacks).of_type("kubernetes:helm.sh/v3:Release")

    @pytest.mark.guarantee("no output of a plan holds a secret")
    def test_no_secret_is_in_any_output(self, plan: PlanOf, stack: str, stacks: str) -> None:
        # Every secret was a placeholder, and each placeholder is a canary.
        made = plan(stack, stacks)
        changes = diff.compare(Plan(made.project, made.stack, ()), made)
        texts = [
            json.dumps([made.as_json(), changes.as_json(), schedule(made).as_json()]),
            *(line.text for lines in (report.lines(made), diff_report.lines(changes)) for line in lines),
            diff_report.markdown(changes, limit=10**9),
            mermaid(made),
        ]
        canaries = {
            "plan-placeholder",
            *(spec.placeholder(number) for spec in SECRETS.values() for number in range(40)),
        }
        assert {canary for canary in canaries if any(canary in text for text in texts)} == set()

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
