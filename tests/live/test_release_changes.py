"""The release of test_release.py changed while it runs: new keys, a migration that fails, nothing at all."""

import base64
import os
from typing import Any

import pytest

from ops.restore import run_job
from tests.live.api import Api
from tests.live.dags import task_environment
from tests.live.jobs import run_again
from tests.live.rolling import Rolling
from tests.live.site import RELEASE, Site

PASSWORD = {"main.databasePassword": "rotated-Password-:%+1"}


@pytest.fixture(scope="module")
def rolling(migrated: Site) -> Rolling:
    return Rolling(migrated)


@pytest.mark.guarantee("a migration that fails")
def test_a_failed_migration_shows_why_and_leaves_the_release_alone(migrated: Site, api: Api) -> None:
    before = pods(migrated)
    state, log = run_again(migrated, "main-migration", "bad-migration", env={"PGSSLROOTCERT": "/etc/ssl/none.crt"})
    assert state == "Failed"
    assert "none.crt" in log
    found = migrated.cluster.get("pods", "-n", migrated.namespace, "-l", "job-name=bad-migration")["items"]
    message = found[0]["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
    assert "none.crt" in message, "the provider shows the end of the log"
    assert pods(migrated) == before
    assert api.run("first")[1] == "success"
    assert run_again(migrated, "main-migration", "good-migration")[0] == "Complete"


def test_a_second_run_of_everything_changes_nothing(migrated: Site, rolling: Rolling, api: Api) -> None:
    resource = next(one for one in migrated.plan if one.type == RELEASE)
    before = pods(migrated)
    migrated.install(resource.inputs)
    assert rolling.out() == set()
    assert pods(migrated) == before


def test_what_runs_on_a_schedule_works(migrated: Site, api: Api) -> None:
    done: set[str] = set()
    for resource in migrated.plan.of_type("kubernetes:batch/v1:CronJob"):
        name, namespace = migrated.place(resource)
        if namespace != migrated.namespace or resource.inputs["spec"].get("suspend"):
            continue
        migrated.cluster.run("create", "job", f"{name}-now", f"--from=cronjob/{name}", "-n", namespace)
        assert migrated.job(f"{name}-now", namespace) == "Complete", migrated.log(f"job/{name}-now", namespace)
        done.add(resource.name)
    assert done == {"main-cleanup", "main-rotation"}


@pytest.mark.guarantee("a changed database password")
def test_a_new_database_password_rolls_through_and_the_old_one_is_gone_last(
    migrated: Site, rolling: Rolling, api: Api
) -> None:
    held, before = names(migrated, "secrets"), pods(migrated)
    replaced = rolling.out(**PASSWORD)
    assert {"main-database", "main-roles", "main-migration"} <= replaced
    assert "main-fernet" not in replaced, "nothing changes that does not hold it"
    assert before.isdisjoint(pods(migrated))
    assert api.run("first")[1] == "success"
    gone = held - names(migrated, "secrets")
    assert [name.startswith("main-database-") for name in gone if not name.startswith("sh.helm.")] == [True]
    now = rolling.names[migrated.place(migrated.named("Secret", "main-roles"))[0]]
    state, log = run_again(migrated, "main-database", "rotated-already", passwords=now)
    assert (state, log.split("\n")) == ("Complete", ["airflow_main: ready", ""]), "it is the role's password"


def test_a_new_fernet_key_encrypts_everything_anew(migrated: Site, rolling: Rolling, api: Api) -> None:
    """As `make rotate-fernet` walks: both keys, the Job, the new key alone."""
    first = migrated.named("Secret", "main-fernet").inputs["stringData"]["fernet-key"]
    new = base64.urlsafe_b64encode(os.urandom(32)).decode()
    assert "main-fernet" in rolling.out(fernetKey=f"{new},{first}", **PASSWORD)
    assert run_job(migrated.cluster, migrated.namespace, "main-rotate-fernet", {}) == 0
    assert "main-fernet" in rolling.out(fernetKey=new, **PASSWORD)
    run, state = api.run("first")
    assert state == "success"
    task_environment(api, "first", run)  # it reads a variable that was stored under the first key


def names(site: Site, kind: str, *selector: str) -> set[str]:
    """Names of what is in the release's namespace and not on its way out."""
    listed: list[dict[str, Any]] = site.cluster.get(kind, "-n", site.namespace, *selector)["items"]
    return {one["metadata"]["name"] for one in listed if "deletionTimestamp" not in one["metadata"]}


def pods(site: Site) -> set[str]:
    """Names of the control plane's pods."""
    return names(site, "pods", "-l", "tier=airflow,component in (scheduler,api-server,dag-processor,triggerer)")
