"""chaoskube on a real cluster: schedulers die on its schedule, and a long DAG run survives them.

Needs what test_release.py needs, and an image of chaoskube under the pinned name that the cluster has or pulls.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ops.cluster import Cluster
from tests.live.api import Api
from tests.live.site import Site
from tests.live.standing import needs_charts, own_site, serve

CHAOS = {"state": "on", "intervalMinutes": 1}
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
KILLER = "chaos-main"
LONG = """
import time
from airflow.sdk import dag, task

@dag(schedule=None, catchup=False)
def long():
    @task(retries=0)
    def wait(number: int) -> int:
        time.sleep(70)
        return number + 1
    wait(wait(wait(0)))

long()
"""


@pytest.fixture(scope="module")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    needs_charts("airflow")
    release = {"logs": {"kind": "share"}}
    with own_site(cluster, tmp_path_factory.mktemp("stacks"), release, platform={"chaos": CHAOS}) as site:
        serve(site, long=LONG)
        site.bring_up(until=lambda resource: (resource.type, resource.name) == (DEPLOYMENT, KILLER))
        yield site


@pytest.mark.guarantee("a scheduler that is killed")
def test_a_long_run_survives_a_scheduler_killed_every_minute(site: Site) -> None:
    api = Api(site)
    try:
        api.wait_for_dag("long")
        site.bring_up()
        chaos = site.names.resource("chaos")
        site.cluster.run("rollout", "status", f"deployment/{_name(site)}", "-n", chaos, "--timeout=120s")
        run = api.trigger("long")
        state = api.ended("long", run, 600)
        kills = _kills(site.cluster.run("logs", f"deployment/{_name(site)}", "-n", chaos))
        tasks = api.call("GET", f"/api/v2/dags/long/dagRuns/{run}/taskInstances")["task_instances"]
    finally:
        api.close()
    assert state == "success"
    assert [task["try_number"] for task in tasks] == [1, 1, 1]
    assert len(kills) >= 3, "one a minute, for more than three minutes"
    assert {kill["namespace"] for kill in kills} == {site.namespace}
    assert all("scheduler" in kill["name"] for kill in kills)


def _name(site: Site) -> str:
    return site.place(site.named("Deployment", KILLER))[0]


def _kills(log: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["msg"] == "terminating pod"]
