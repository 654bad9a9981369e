"""A release where NetworkPolicies are enforced: our Jobs wait for their way, strangers get none, tasks bridge a gap.

What needs no enforcement to be seen runs on every cluster. Needs what test_release.py needs.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from infra.cloud.existing import postgres
from infra.names import DATABASE_DUMP
from tests.live.api import Api
from tests.live.git_server import GitServer
from tests.live.policies import connects, pod
from tests.live.site import IMAGE, JOB, Site

AWAY = 45  # seconds without an api-server, of the 100 that a task waits; its own start comes on top
STRANGER = "stranger"


def test_no_pod_of_a_job_failed_on_the_way_up(migrated: Site) -> None:
    """A Job that tried five pods would be one that connected at once."""
    for job in migrated.plan.of_type(JOB):
        name, namespace = migrated.place(job)
        assert "failed" not in migrated.cluster.get("job", name, "-n", namespace)["status"], name


def test_the_nightly_dump_is_made_by_its_first_pod(migrated: Site) -> None:
    namespace = migrated.names.resource("database")
    migrated.cluster.run("create", "job", "tonight", f"--from=cronjob/{DATABASE_DUMP}", "-n", namespace)
    log = migrated.log("job/tonight", namespace) if migrated.job("tonight", namespace) == "Complete" else "failed"
    assert "dumped airflow_main" in log
    assert "failed" not in migrated.cluster.get("job", "tonight", "-n", namespace)["status"]


@pytest.fixture
def strangers(migrated: Site, policies_enforced: bool, api: Api) -> Iterator[list[str]]:
    """A pod in a namespace of no stack, and one without our labels in the release's own."""
    if not policies_enforced:
        pytest.skip("this cluster does not enforce NetworkPolicies: kind with kindnet before 0.24, for one")
    cluster, foreign = migrated.cluster, f"{migrated.prefix}-stranger"
    cluster.run("create", "namespace", foreign)
    places = [foreign, migrated.namespace]
    for namespace in places:
        made = json.dumps(pod(STRANGER, IMAGE, ["sleep", "900"]))
        cluster.run("create", "-f", "-", "-n", namespace, given=made)
        cluster.run("wait", "--for=condition=Ready", f"pod/{STRANGER}", "-n", namespace, "--timeout=120s")
    time.sleep(10)  # what might be allowed late would be by now
    yield places
    cluster.run("delete", "namespace", foreign, "--wait=false")
    cluster.run("delete", "pod", STRANGER, "-n", migrated.namespace)


def test_strangers_reach_neither_the_database_nor_the_api_server(migrated: Site, strangers: list[str]) -> None:
    for namespace in strangers:
        for host, port in ((postgres.host(migrated.names), 5432), (f"main-api-server.{migrated.namespace}.svc", 8080)):
            address = migrated.cluster.get("service", host.split(".")[0], "-n", host.split(".")[1])["spec"]["clusterIP"]
            assert not connects(migrated.cluster, namespace, STRANGER, address, port), f"{namespace} → {host}"


def test_a_task_that_starts_while_no_api_server_answers_waits_for_one(migrated: Site, git: GitServer, api: Api) -> None:
    api.wait_for_dag("first")
    api.run("first")  # it is no longer paused, and the image is warm
    here = ("-n", migrated.namespace)
    wanted = str(migrated.cluster.get("deployment", "main-api-server", *here)["spec"]["replicas"])
    scale = ("scale", "deployment/main-api-server", *here)
    migrated.cluster.run(*scale, "--replicas=0")
    migrated.cluster.run("wait", "--for=delete", "pod", "-l", "component=api-server", *here, "--timeout=180s")
    try:
        trigger = ("airflow", "dags", "trigger", "first", "--run-id", "bridged")
        migrated.cluster.run("exec", *here, "deploy/main-scheduler", "-c", "scheduler", "--", *trigger)
        _until(lambda: "2nd time calling it" in _task_log(migrated), "the task's client tries again")
        time.sleep(AWAY)
    finally:
        migrated.cluster.run(*scale, f"--replicas={wanted}")
    migrated.cluster.run("rollout", "status", "deployment/main-api-server", *here, "--timeout=180s")
    assert api.ended("first", "bridged", 300) == "success"
    (task,) = api.call("GET", "/api/v2/dags/first/dagRuns/bridged/taskInstances")["task_instances"]
    assert task["try_number"] == 1


def _task_log(site: Site) -> str:
    """What the pods of tasks say; empty where there is none yet."""
    selector = ("-l", "component=worker", "--tail=-1", "--prefix")
    command = site.cluster.command("logs", "-n", site.namespace, *selector)
    return subprocess.run(command, env=site.cluster.environment, capture_output=True, text=True, check=False).stdout


def _until(holds: Callable[[], bool], what: str, seconds: int = 240) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(1)
