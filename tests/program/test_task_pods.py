"""Task pods end with their release: whom they belong to, when that goes, and that a plan says so."""

from dataclasses import replace
from typing import Any

import pytest

from infra.airflow import task_pods
from infra.preview import diff, diff_report
from infra.preview.model import Plan
from tests.program.aws_plans import SHARES
from tests.program.conftest import PlanOf
from tests.program.reading import one

RELEASE, OWNER = "kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:ConfigMap"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
CELERY = ('releases[0].executor="CeleryExecutor"', 'releases[0].celery={"broker": "rabbitmq"}')
STACKS = (("local", "."), ("production", "."), ("production", "examples/azure"))


def values(plan: Plan) -> Any:
    return one(plan, RELEASE, "main").inputs["values"]


@pytest.mark.parametrize(("stack", "stacks"), STACKS)
def test_the_scheduler_goes_then_the_task_pods_then_what_they_mount(plan: PlanOf, stack: str, stacks: str) -> None:
    made = plan(stack, stacks, *SHARES)
    helm, owner = one(made, RELEASE, "main"), one(made, OWNER, "main-task-pods")
    claims = [each for each in made.of_type(CLAIM) if each.inputs["metadata"]["namespace"] == "airflow-main"]
    assert {each.name for each in claims} == {"main-dags", "main-plugins", "main-logs"}
    assert owner.urn in made.reach(helm.urn)
    assert {each.urn for each in claims} <= made.reach(owner.urn)


@pytest.mark.parametrize(("stack", "stacks"), STACKS)
def test_a_claim_is_given_the_time_that_celerys_workers_take_to_end(plan: PlanOf, stack: str, stacks: str) -> None:
    for claim in plan(stack, stacks, *SHARES).of_type(CLAIM):
        if claim.inputs["metadata"]["namespace"] == "airflow-main":
            assert claim.options.custom_timeouts["delete"] == "20m"


def test_the_chart_gives_task_pods_their_owner(plan: PlanOf) -> None:
    made = plan("local")
    owner = one(made, OWNER, "main-task-pods")
    assert values(made)["airflowConfigAnnotations"][task_pods.OWNER] == owner.inputs["metadata"]["name"]
    assert values(made)["podTemplate"] == task_pods.TEMPLATE
    assert values(made)["workers"]["kubernetes"]["terminationGracePeriodSeconds"] == task_pods.GRACE_SECONDS


def test_the_owner_is_never_replaced(plan: PlanOf) -> None:
    """The provider makes a ConfigMap anew whose data changes, and every running task would end."""
    assert "data" not in one(plan("local"), OWNER, "main-task-pods").inputs


def test_where_there_are_no_task_pods_nothing_owns_any(plan: PlanOf) -> None:
    made = plan("local", ".", *CELERY)
    assert [each for each in made if each.name == "main-task-pods"] == []
    assert "podTemplate" not in values(made)


def test_a_plan_in_which_a_release_goes_says_that_its_tasks_end(plan: PlanOf) -> None:
    made = plan("local")
    without = replace(made, resources=tuple(each for each in made if "AirflowRelease" not in each.urn))
    said = [line.text.strip() for line in diff_report.lines(diff.compare(made, without))]
    assert "running tasks end, within 60 s" in said
    assert "running tasks end, within 60 s" in diff_report.markdown(diff.compare(made, without))
    assert "running tasks end" not in " ".join(line.text for line in diff_report.lines(diff.compare(without, made)))
