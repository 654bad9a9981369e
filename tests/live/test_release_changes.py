"""The release of test_release.py changed while it runs: a new password, a migration that fails, nothing at all."""

from typing import Any

from tests.live.api import Api
from tests.live.jobs import run_again
from tests.live.rolling import Rolling
from tests.live.site import RELEASE, Site


def test_a_failed_migration_shows_why_and_leaves_the_release_alone(migrated: Site, api: Api) -> None:
    # checks: fault 17
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


def test_a_second_run_of_everything_changes_nothing(migrated: Site, api: Api) -> None:
    resource = next(one for one in migrated.plan if one.type == RELEASE)
    before = pods(migrated)
    migrated.install(resource.inputs)
    assert pods(migrated) == before


def test_a_new_database_password_rolls_through_and_the_old_one_is_gone_last(migrated: Site, api: Api) -> None:
    # checks: fault 15
    old = migrated.plan
    before = pods(migrated)
    migrated.plan = migrated.planned(**{"main.databasePassword": "rotated-Password-:%+1"})
    rolling = Rolling(migrated, old)
    rolling.out()
    replaced = {resource.name for resource in rolling.replaced}
    assert {"main-database", "main-roles", "main-migration"} <= replaced
    assert "main-fernet" not in replaced, "nothing changes that does not hold it"
    assert before.isdisjoint(pods(migrated))
    assert api.run("first")[1] == "success"
    secrets = {one["metadata"]["name"] for one in migrated.cluster.get("secrets", "-n", migrated.namespace)["items"]}
    assert not secrets & {migrated.place(one)[0] for one in rolling.replaced}
    state, log = run_again(migrated, "main-database", "rotated-already", passwords=rolling.names[roles(migrated)])
    assert (state, log.split("\n")) == ("Complete", ["airflow_main: ready", ""]), "it is the role's password"


def roles(site: Site) -> str:
    """The Secret of the bootstrap that held the passwords at first."""
    return site.place(site.named("Secret", "main-roles"))[0]


def pods(site: Site) -> set[str]:
    """Names of the control plane's pods."""
    listed: list[dict[str, Any]] = site.cluster.get(
        "pods", "-n", site.namespace, "-l", "tier=airflow,component in (scheduler,api-server,dag-processor,triggerer)"
    )["items"]
    return {pod["metadata"]["name"] for pod in listed}
