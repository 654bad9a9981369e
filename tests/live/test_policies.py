"""A release where NetworkPolicies are enforced: our Jobs wait for their way, strangers get none, tasks bridge a gap.

What needs no enforcement to be seen runs on every cluster. Needs what test_release.py needs.
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from infra.cloud.existing import postgres
from infra.names import DATABASE_DUMP
from tests.live.api import Api
from tests.live.git_server import GitServer
from tests.live.jobs import run_again
from tests.live.policies import connects, make_namespace, pod
from tests.live.site import IMAGE, JOB, Site

AWAY = 30  # seconds after the second try, of the 100 that a task waits; the api-server's own start comes on top
STRANGER = "stranger"


@pytest.mark.guarantee("what runs once waits for its way")
def test_no_pod_of_a_job_failed_on_the_way_up(migrated: Site) -> None:
    """A Job that tried five pods would be one that connected at once."""
    for job in migrated.plan.of_type(JOB):
        name, namespace = migrated.place(job)
        assert "failed" not in migrated.cluster.get("job", name, "-n", namespace)["status"], name


@pytest.mark.guarantee("what runs once waits for its way")
def test_the_nightly_dump_is_made_by_its_first_pod(migrated: Site) -> None:
    namespace = migrated.names.resource("database")
    migrated.cluster.run("create", "job", "tonight", f"--from=cronjob/{DATABASE_DUMP}", "-n", namespace)
    log = migrated.log("job/tonight", namespace) if migrated.job("tonight", namespace) == "Complete" else "failed"
    assert "dumped airflow_main" in log
    assert "failed" not in migrated.cluster.get("job", "tonight", "-n", namespace)["status"]


@pytest.fixture
def enforcing(migrated: Site, policies_enforced: bool) -> Site:
    if not policies_enforced:
        pytest.skip("this cluster does not enforce NetworkPolicies: kind with kindnet before 0.24, for one")
    return migrated


@contextmanager
def closed(site: Site, policy: str) -> Iterator[Callable[[], None]]:
    """Without one of the plan's policies, as for an agent that has not heard of a pod yet; what is given opens it."""
    resource = site.named("NetworkPolicy", policy)
    name, namespace = site.place(resource)

    def reopen() -> None:
        site.apply(site.manifest(resource))

    site.cluster.run("delete", "networkpolicy", name, "-n", namespace)
    time.sleep(5)  # until the agents know
    try:
        yield reopen
    finally:
        reopen()


@pytest.mark.guarantee("what runs once waits for its way")
def test_a_dump_waits_for_its_way_and_says_so(enforcing: Site) -> None:
    namespace = enforcing.names.resource("database")
    with closed(enforcing, "postgres-namespace-dumps") as reopen:
        job = next(name for name in (f"closed-{n}" for n in range(5)) if _waits(enforcing, name, namespace))
        reopen()
        assert enforcing.job(job, namespace) == "Complete"
    log = enforcing.log(f"job/{job}", namespace)
    assert "can be reached after" in log
    assert "dumped airflow_main" in log
    assert "failed" not in enforcing.cluster.get("job", job, "-n", namespace)["status"]


def _waits(site: Site, job: str, namespace: str) -> bool:
    """Start a dump. False where its pod got through before the agent knew it, and so shows nothing."""
    site.cluster.run("create", "job", job, f"--from=cronjob/{DATABASE_DUMP}", "-n", namespace)
    words = (f"waiting up to 120 s for {postgres.host(site.names)}:5432 (", "pg_dumpall: error", "dumped ")
    _until(lambda: any(word in _log(site, namespace, f"job-name={job}") for word in words), f"{job} begins")
    if _log(site, namespace, f"job-name={job}").startswith(words[0]):
        return True
    site.cluster.run("delete", "job", job, "-n", namespace)
    return False


@pytest.mark.guarantee("what runs once waits for its way")
def test_in_vain_a_job_tells_what_either_means(enforcing: Site) -> None:
    with closed(enforcing, "database-admin-database"):
        state, log = run_again(enforcing, "main-database", "in-vain")
    assert state == "Failed"
    assert f"{postgres.host(enforcing.names)}:5432 cannot be reached in 120 s (" in log
    assert "refused by a NetworkPolicy, or nothing listens" in log


@pytest.fixture
def strangers(enforcing: Site, api: Api) -> Iterator[list[str]]:
    """A pod in a namespace of no stack, and one without our labels in the release's own."""
    migrated = enforcing
    cluster, foreign = migrated.cluster, f"{migrated.prefix}-stranger"
    make_namespace(cluster, foreign)
    places = [foreign, migrated.namespace]
    for namespace in places:
        made = json.dumps(pod(STRANGER, IMAGE, ["sleep", "900"]))
        cluster.run("create", "-f", "-", "-n", namespace, given=made)
        cluster.run("wait", "--for=condition=Ready", f"pod/{STRANGER}", "-n", namespace, "--timeout=120s")
    time.sleep(10)  # what might be allowed late would be by now
    yield places
    cluster.run("delete", "namespace", foreign, "--wait=false")
    cluster.run("delete", "pod", STRANGER, "-n", migrated.namespace)


@pytest.mark.guarantee("namespaces are closed")
def test_strangers_reach_neither_the_database_nor_the_api_server(migrated: Site, strangers: list[str]) -> None:
    for namespace in strangers:
        for host, port in ((postgres.host(migrated.names), 5432), (f"main-api-server.{migrated.namespace}.svc", 8080)):
            address = migrated.cluster.get("service", host.split(".")[0], "-n", host.split(".")[1])["spec"]["clusterIP"]
            assert not connects(migrated.cluster, namespace, STRANGER, address, port), f"{namespace} → {host}"


@pytest.mark.guarantee("an api-server that is away")
def test_a_task_that_starts_while_no_api_server_answers_waits_for_one(migrated: Site, git: GitServer, api: Api) -> None:
    api.wait_for_dag("first")
    assert api.run("first")[1] == "success"
    here = ("-n", migrated.namespace)
    wanted = str(migrated.cluster.get("deployment", "main-api-server", *here)["spec"]["replicas"])
    scale = ("scale", "deployment/main-api-server", *here)
    migrated.cluster.run(*scale, "--replicas=0")
    migrated.cluster.run("wait", "--for=delete", "pod", "-l", "component=api-server", *here, "--timeout=180s")
    try:
        trigger = ("airflow", "dags", "trigger", "first", "--run-id", "bridged")
        migrated.cluster.run("exec", *here, "deploy/main-scheduler", "-c", "scheduler", "--", *trigger)
        tried = "2nd time calling it"
        _until(lambda: tried in _log(migrated, migrated.namespace, "component=worker"), "the client tries again")
        time.sleep(AWAY)
    finally:
        migrated.cluster.run(*scale, f"--replicas={wanted}")
    migrated.cluster.run("rollout", "status", "deployment/main-api-server", *here, "--timeout=180s")
    assert api.ended("first", "bridged", 300) == "success"
    (task,) = api.call("GET", "/api/v2/dags/first/dagRuns/bridged/taskInstances")["task_instances"]
    assert task["try_number"] == 1


def _log(site: Site, namespace: str, selector: str) -> str:
    """What these pods have said so far; empty where there is none yet."""
    command = site.cluster.command("logs", "-n", namespace, "-l", selector, "--tail=-1")
    return subprocess.run(command, env=site.cluster.environment, capture_output=True, text=True, check=False).stdout


def _until(holds: Callable[[], bool], what: str, seconds: int = 240) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(1)
