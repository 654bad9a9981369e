"""A release with KubernetesExecutor on a real cluster, from the bootstrap of its database to a finished task's log.

Needs helm and the pinned chart (AIRFLOW_CHART) for all that comes after the migration.
"""

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra import versions
from ops.cluster import Cluster
from tests.certificates import issue
from tests.live import volumes
from tests.live.api import Api
from tests.live.bootstrap import bootstrap
from tests.live.git_server import GitServer, trusting
from tests.live.site import JOB, RELEASE, Site

IMAGE = os.environ.get("AIRFLOW_IMAGE", f"{versions.AIRFLOW_IMAGE}:{versions.AIRFLOW_IMAGE_TAG}")
DAG = """
from airflow.sdk import Variable, dag, task

@dag(schedule=None, catchup=False)
def {name}():
    @task
    def look():
        print("a line that only this task writes: {name}")
        # of the pod's first process: Airflow itself hides the database from what a task starts with a false address
        environment = open("/proc/1/environ").read().split("\\0")
        names = sorted(item.partition("=")[0] for item in environment if item)
        return {{"environment": names, "from_settings": Variable.get("from_settings")}}
    look()

{name}()
"""


@pytest.fixture(scope="module")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything up to the bootstrap, which the first test makes."""
    prefix = f"live{secrets.token_hex(2)}"
    repository, _, tag = IMAGE.rpartition(":")
    git = GitServer.address(prefix)
    release: dict[str, Any] = {
        "image": {"repository": repository, "tag": tag},
        "dags": {"kind": "bundle", "repositories": [{"name": "dags", "repository": git}], "refreshSeconds": 10},
        "logs": {"kind": "share"},
        # One image less to pull; its labels and resources are checked where the chart is rendered.
        "values": {**trusting(), "statsd": {"enabled": False}},
    }
    site = Site(cluster, prefix, tmp_path_factory.mktemp("stacks"), release)
    try:
        volumes.make_where_there_is_no_class(site, IMAGE)
        site.bring_up(until=lambda resource: resource.type == JOB)
        yield site
    finally:
        site.remove()
        cluster.run("delete", "namespace", f"{prefix}-git", "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="module")
def migrated(site: Site) -> Site:
    site.bring_up(until=lambda resource: resource.type == RELEASE)
    return site


@pytest.fixture(scope="module")
def git(migrated: Site) -> GitServer:
    server = GitServer(migrated, IMAGE)
    server.start()
    server.push("first", DAG.format(name="first"))
    return server


@pytest.fixture(scope="module")
def api(migrated: Site, git: GitServer) -> Iterator[Api]:
    if not (shutil.which("helm") and os.environ.get("AIRFLOW_CHART")):
        pytest.skip("needs helm on the PATH and the chart in AIRFLOW_CHART")
    migrated.bring_up()
    made = Api(migrated)
    yield made
    made.close()


def test_the_bootstrap_gives_the_release_its_role_and_database_once(site: Site) -> None:
    # checks: fault 17
    resource = site.named("Job", "main-database")
    site.bring_up(until=lambda one: one.type == JOB and one.name != "main-database")
    name, namespace = site.place(resource)
    assert "database airflow_main: made" in site.log(f"job/{name}", namespace)
    state, log = bootstrap(site, "second-run")
    assert (state, log.split("\n")) == ("Complete", ["airflow_main: ready", ""])


def test_a_wrong_ca_and_a_plain_connection_are_refused(site: Site) -> None:
    # checks: invariant 9
    namespace = site.names.resource("database-admin")
    metadata = {"name": "wrong-ca", "namespace": namespace}
    site.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": issue("x").ca}})
    state, log = bootstrap(site, "with-wrong-ca", ca="wrong-ca")
    assert state == "Failed"
    assert "certificate verify failed" in log
    state, log = bootstrap(site, "without-tls", env={"PGSSLMODE": "disable"})
    assert state == "Failed"
    assert "no encryption" in log
    pods = site.cluster.get("pods", "-n", namespace, "-l", "job-name=without-tls")["items"]
    message = pods[0]["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
    assert "no encryption" in message, "the provider shows the end of the log"


def test_a_changed_password_is_applied_and_can_be_changed_back(site: Site) -> None:
    # checks: fault 15
    namespace = site.names.resource("database-admin")
    metadata = {"name": "other-roles", "namespace": namespace}
    other = {"databasePassword": "another-Password-1"}
    site.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": other})
    state, log = bootstrap(site, "other-password", passwords="other-roles")
    assert state == "Complete"
    assert "role airflow_main: password set" in log
    state, log = bootstrap(site, "first-password-again")
    assert state == "Complete"
    assert "role airflow_main: password set" in log


def test_the_migration_and_the_sync_are_done_before_the_release(migrated: Site) -> None:
    for job in ("main-migration", "main-sync"):
        name, namespace = migrated.place(migrated.named("Job", job))
        assert migrated.job(name, namespace, 1) == "Complete"
    log = migrated.log(f"job/{migrated.place(migrated.named('Job', 'main-migration'))[0]}", migrated.namespace)
    assert "administrator admin: ready" in log


def test_a_pushed_dag_appears_within_a_minute_and_runs_in_a_pod_without_keys(git: GitServer, api: Api) -> None:
    # checks: invariant 20
    api.wait_for_dag("first")
    git.push("second", DAG.format(name="second"))
    assert api.wait_for_dag("second") < 60
    run, state = api.run("second")
    assert state == "success"
    held = task_environment(api, "second", run)
    assert held.isdisjoint({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB"})
    assert held.isdisjoint({"AIRFLOW__API_AUTH__JWT_SECRET", "PGSSLMODE"})


def task_environment(api: Api, dag: str, run: str) -> set[str]:
    """What stood in the environment of the pod that the task ran in; the settings' variable reached it too."""
    path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/look/xcomEntries/return_value"
    value = api.call("GET", path)["value"]
    seen = value if isinstance(value, dict) else json.loads(value)
    assert seen["from_settings"] == "seen"
    return set(seen["environment"])


def test_the_log_of_a_finished_task_is_read_back_when_its_pod_is_gone(migrated: Site, api: Api) -> None:
    run, state = api.run("first")
    assert state == "success"
    for _ in range(60):
        if not migrated.cluster.get("pods", "-n", migrated.namespace, "-l", "component=worker")["items"]:
            break
        time.sleep(1)
    log = api.call("GET", f"/api/v2/dags/first/dagRuns/{run}/taskInstances/look/logs/1?full_content=true")
    assert "a line that only this task writes: first" in str(log)


def test_every_connection_to_the_database_is_encrypted(migrated: Site, api: Api) -> None:
    # checks: invariant 9
    query = (
        "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) "
        "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'airflow_main'"
    )
    namespace = migrated.names.resource("database")
    text = migrated.cluster.run("exec", "-n", namespace, "postgres-0", "--", "psql", "-U", "postgres", "-XAtqc", query)
    secure, plain = text.strip().split("|")
    assert int(secure) > 0
    assert plain == "0"


def test_a_killed_scheduler_comes_back_and_runs_tasks(migrated: Site, api: Api) -> None:
    # checks: fault 14
    here = ("-n", migrated.namespace)
    migrated.cluster.run("delete", "pod", *here, "-l", "component=scheduler", "--grace-period=0", "--force")
    migrated.cluster.run("rollout", "status", "deployment/main-scheduler", *here, "--timeout=180s")
    assert api.run("first")[1] == "success"


def test_a_second_run_of_everything_changes_nothing(migrated: Site, api: Api) -> None:
    resource = next(one for one in migrated.plan if one.type == RELEASE)
    before = {pod["metadata"]["name"] for pod in _pods(migrated)}
    migrated.install(resource)
    assert {pod["metadata"]["name"] for pod in _pods(migrated)} == before


def _pods(site: Site) -> list[dict[str, Any]]:
    return site.cluster.get("pods", "-n", site.namespace, "-l", "tier=airflow,component!=worker")["items"]
