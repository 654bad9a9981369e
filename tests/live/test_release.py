"""A release with KubernetesExecutor on a real cluster, from the bootstrap of its database to a finished task's log.

Needs helm and the pinned chart (AIRFLOW_CHART) for all that comes after the migration.
"""

import re
import time

import pytest

from tests.certificates import issue
from tests.live.api import Api
from tests.live.dags import DAG, task_environment
from tests.live.git_server import GitServer
from tests.live.jobs import run_again
from tests.live.site import JOB, Site


@pytest.mark.guarantee("a migration that fails")
def test_the_bootstrap_gives_the_release_its_role_and_database_once(site: Site) -> None:
    resource = site.named("Job", "main-database")
    site.bring_up(until=lambda one: one.type == JOB and one.name != "main-database")
    name, namespace = site.place(resource)
    assert "database airflow_main: made" in site.log(f"job/{name}", namespace)
    state, log = run_again(site, "main-database", "second-run")
    assert (state, log.split("\n")) == ("Complete", ["airflow_main: ready", ""])


@pytest.mark.guarantee("every connection to the database is verified")
def test_a_wrong_ca_and_a_plain_connection_are_refused(site: Site) -> None:
    namespace = site.names.resource("database-admin")
    metadata = {"name": "wrong-ca", "namespace": namespace}
    site.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": issue("x").ca}})
    state, log = run_again(site, "main-database", "with-wrong-ca", ca="wrong-ca")
    assert state == "Failed"
    assert "certificate verify failed" in log
    state, log = run_again(site, "main-database", "without-tls", env={"PGSSLMODE": "disable"})
    assert state == "Failed"
    assert "no encryption" in log
    pods = site.cluster.get("pods", "-n", namespace, "-l", "job-name=without-tls")["items"]
    message = pods[0]["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
    assert "no encryption" in message, "the provider shows the end of the log"


@pytest.mark.guarantee("a changed database password")
def test_a_changed_password_is_applied_and_can_be_changed_back(site: Site) -> None:
    namespace = site.names.resource("database-admin")
    metadata = {"name": "other-roles", "namespace": namespace}
    other = {"databasePassword": "another-Password-1"}
    site.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": other})
    state, log = run_again(site, "main-database", "other-password", passwords="other-roles")
    assert state == "Complete"
    assert re.search("login airflow_main__[ab]: password set", log)
    state, log = run_again(site, "main-database", "first-password-again")
    assert state == "Complete"
    assert re.search("login airflow_main__[ab]: password set", log)


def test_the_migration_and_the_sync_are_done_before_the_release(migrated: Site) -> None:
    for job in ("main-migration", "main-sync"):
        name, namespace = migrated.place(migrated.named("Job", job))
        assert migrated.job(name, namespace, 1) == "Complete"
    log = migrated.log(f"job/{migrated.place(migrated.named('Job', 'main-migration'))[0]}", migrated.namespace)
    assert "administrator admin: ready" in log


@pytest.mark.guarantee("no task holds a key of the control plane")
def test_a_pushed_dag_appears_within_a_minute_and_runs_in_a_pod_without_keys(git: GitServer, api: Api) -> None:
    api.wait_for_dag("first")
    git.push("second", DAG.format(name="second"))
    assert api.wait_for_dag("second") < 60
    run, state = api.run("second")
    assert state == "success"
    held = task_environment(api, "second", run)
    assert held.isdisjoint({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_AIRFLOW_DB"})
    assert held.isdisjoint({"AIRFLOW__API_AUTH__JWT_SECRET", "PGSSLMODE"})


def test_the_log_of_a_finished_task_is_read_back_when_its_pod_is_gone(migrated: Site, api: Api) -> None:
    run, state = api.run("first")
    assert state == "success"
    for _ in range(60):
        if not migrated.cluster.get("pods", "-n", migrated.namespace, "-l", "component=worker")["items"]:
            break
        time.sleep(1)
    log = api.call("GET", f"/api/v2/dags/first/dagRuns/{run}/taskInstances/look/logs/1?full_content=true")
    assert "a line that only this task writes: first" in str(log)


@pytest.mark.guarantee("every connection to the database is verified")
def test_every_connection_to_the_database_is_encrypted(migrated: Site, api: Api) -> None:
    query = (
        "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) "
        "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename IN ('airflow_main__a', 'airflow_main__b')"
    )
    namespace = migrated.names.resource("database")
    text = migrated.cluster.run("exec", "-n", namespace, "postgres-0", "--", "psql", "-U", "postgres", "-XAtqc", query)
    secure, plain = text.strip().split("|")
    assert int(secure) > 0
    assert plain == "0"


@pytest.mark.guarantee("a scheduler that is killed")
def test_a_killed_scheduler_comes_back_and_runs_tasks(migrated: Site, api: Api) -> None:
    here = ("-n", migrated.namespace)
    migrated.cluster.run("delete", "pod", *here, "-l", "component=scheduler", "--grace-period=0", "--force")
    migrated.cluster.run("rollout", "status", "deployment/main-scheduler", *here, "--timeout=180s")
    assert api.run("first")[1] == "success"
