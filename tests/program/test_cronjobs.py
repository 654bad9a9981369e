"""CronJobs in a plan: each that runs on a schedule is watched; a release's cleanup does what its settings say."""

import json
import re
from typing import Any

import pytest

from infra.preview.model import Plan, Resource
from tests.program.azure_plans import SHARES
from tests.program.conftest import PlanOf

CRON_JOB = "kubernetes:batch/v1:CronJob"
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"


def scheduled(plan: Plan) -> list[Resource]:
    return [one for one in plan.of_type(CRON_JOB) if not one.inputs["spec"].get("suspend")]


def watched(plan: Plan) -> list[tuple[str, str]]:
    """Patterns of namespace and name that the alerts look at."""
    (rule,) = [one for one in plan.of_type(RULE) if one.name == "prometheusrule-airflow"]
    facts = {one["record"]: one["expr"] for one in rule.inputs["spec"]["groups"][0]["rules"]}
    selectors = re.findall(r"\{(.+?)\} == 0", facts["airflow:cronjob"])
    assert selectors
    return [
        (
            re.findall(r'namespace=~?"([^"]+)"', selector)[0],
            (re.findall(r'cronjob=~"([^"]+)"', selector) or [".+"])[0],
        )
        for selector in selectors
    ]


@pytest.mark.parametrize(
    ("stack", "folder", "names"),
    [
        ("local", ".", {"main-cleanup", "main-rotation", "postgres-dumps-postgres-dump"}),
        ("production", ".", {"main-cleanup", "main-rotation"}),
        ("production", "examples/azure", {"main-cleanup", "main-rotation", "share-snapshots"}),
    ],
)
def test_an_alert_watches_what_runs_on_a_schedule(plan: PlanOf, stack: str, folder: str, names: set[str]) -> None:
    on = "platform.monitoring=on" if stack == "local" else "platform.monitoring.state=on"
    made = plan(stack, folder, on, *SHARES)
    patterns = watched(made)
    assert {one.name for one in scheduled(made)} == names
    for one in scheduled(made):
        metadata = one.inputs["metadata"]
        # without a given name Pulumi's is the resource's and a suffix
        name = metadata.get("name", f"{one.name}-0a1b2c3d")
        space = metadata["namespace"]
        matching = [where for where, which in patterns if re.fullmatch(where, space) and re.fullmatch(which, name)]
        assert matching, f"{name} in {space}"
        assert one.inputs["spec"]["timeZone"] == "Etc/UTC", "as the settings say, whatever the control plane's clock"


def cleanup(plan: PlanOf, settings: Any) -> list[list[str]]:
    releases = [{"name": "main", **({} if settings is None else {"cleanup": settings})}]
    made = plan("local", ".", f"releases={json.dumps(releases)}")
    jobs = [one for one in scheduled(made) if one.name == "main-cleanup"]
    pods = [one.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"] for one in jobs]
    words = [pod["containers"][0]["args"] for pod in pods]
    return [each[each.index("--") + 1 :] for each in words]  # behind the wait for the database


def test_a_cleanup_is_the_script_with_days_and_tables(plan: PlanOf) -> None:
    script = ["python", "/opt/scripts/clean_database.py"]
    assert cleanup(plan, None) == [[*script, "90"]]
    assert cleanup(plan, {"retentionDays": 7, "tables": ["log", "xcom"]}) == [[*script, "7", "log", "xcom"]]


@pytest.mark.parametrize("off", ["off", False, {"state": "off", "retentionDays": 7}])
def test_a_cleanup_that_is_off_is_not_there(plan: PlanOf, off: Any) -> None:
    assert cleanup(plan, off) == []
