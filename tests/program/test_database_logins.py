"""A release comes into its database by the login whose turn its password is, wherever it does."""

import json
from typing import Any

import pytest

from infra.airflow.parts import LOGINS
from infra.names import login
from tests.program.conftest import PlanOf
from tests.program.reading import one

CELERY = ('releases[0].executor="CeleryExecutor"', 'releases[0].celery={"broker": "redis"}')


def env(container: Any) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in container["env"]}


@pytest.mark.parametrize(("stack", "stacks"), [("integration", "."), ("integration", "examples/azure")])
def test_the_same_login_everywhere(plan: PlanOf, stack: str, stacks: str) -> None:
    made = plan(stack, stacks, *CELERY)
    job = one(made, "kubernetes:batch/v1:Job", "main-database").inputs["spec"]["template"]["spec"]["containers"][0]
    by_hand = one(made, "kubernetes:batch/v1:CronJob", "main-close-logins")
    closing = by_hand.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    roles = json.loads(env(job)["ROLES"])
    assert set(roles) == {"airflow_main", "airflow_main_result"}
    logins = [given["login"] for given in roles.values()]
    helm = one(made, "kubernetes:helm.sh/v3:Release", "main").inputs["values"]
    assert helm["airflowConfigAnnotations"][LOGINS].split() == logins
    assert all(name in (f"{role}__a", f"{role}__b") for role, name in zip(roles, logins, strict=True))
    assert env(closing) == env(job)
    assert (job["args"], closing["args"]) == (closing["args"][:-1], [*job["args"], "close"])
    exporter = one(made, "kubernetes:apps/v1:Deployment", "database-main").inputs["spec"]["template"]["spec"]
    assert env(exporter["containers"][0])["DATA_SOURCE_USER"] == logins[0]


def test_the_old_login_is_closed_by_hand_alone(plan: PlanOf) -> None:
    made = plan("local")
    by_hand = one(made, "kubernetes:batch/v1:CronJob", "main-close-logins")
    assert by_hand.inputs["spec"]["suspend"] is True
    assert by_hand.inputs["metadata"]["namespace"].startswith("airflow-local-database-admin")


def test_a_password_tells_its_login_and_both_have_their_turns() -> None:
    logins = {login("airflow_main", f"Password-{number}") for number in range(20)}
    assert logins == {"airflow_main__a", "airflow_main__b"}
    assert login("airflow_main", "x") == login("airflow_main", "x")
