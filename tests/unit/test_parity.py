"""A release on the cluster and `make up` get the same Airflow options, but for a written list."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.airflow.config import DIFFERENCES, Options, may_differ, options
from infra.airflow.world import release_options
from infra.contracts import LogStore
from infra.settings import read
from local.environment import airflow_options, world
from local.place import Place
from tests.unit.stacks import LOCAL, flat

HERE = Place(Path("/home/me/airflow"))
RELEASES: dict[str, dict[str, Any]] = {
    "kubernetes": {"name": "main"},
    "local": {"name": "main", "executor": "LocalExecutor"},
    "celery": {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis"}},
}


def on_cluster(release: dict[str, Any]) -> Options:
    settings = read(flat({**LOCAL, "releases": [release]}))
    store = LogStore(url="s3://logs/main", connection_id="logs", connection={}, grant=None)
    return release_options(settings.releases[0], settings, "production", store)


def different(here: Options, there: Options) -> set[tuple[str, str]]:
    named = {(section, option) for side in (here, there) for section in side for option in side[section]}
    return {(s, o) for s, o in named if here.get(s, {}).get(o) != there.get(s, {}).get(o)}


@pytest.mark.parametrize("kind", RELEASES)
def test_both_worlds_differ_only_in_the_written_list(kind: str) -> None:
    found = different(airflow_options(HERE, 1234), on_cluster(RELEASES[kind]))
    assert not {one for one in found if not may_differ(*one)}, "not in DIFFERENCES of infra/airflow/config.py"
    assert ("core", "dags_folder") in found


def test_a_difference_that_nobody_wrote_down_is_found() -> None:
    here = airflow_options(HERE, 1234)
    here["core"]["load_examples"] = "True"
    found = different(here, on_cluster(RELEASES["kubernetes"]))
    assert {one for one in found if not may_differ(*one)} == {("core", "load_examples")}


def test_what_both_share_is_not_in_the_list() -> None:
    shared = options(world(HERE, 1234))
    same = {("core", "auth_manager"), ("core", "load_examples"), ("database", "external_db_managers")}
    assert same <= {(section, option) for section in shared for option in shared[section]}
    assert not [one for one in same if may_differ(*one)]
    assert all(DIFFERENCES.values()), "every difference says why"


@pytest.mark.guarantee("an api-server that is away")
def test_a_tasks_client_bridges_a_minute_and_a_half_and_gives_up_before_the_scheduler_does() -> None:
    workers = {option: float(value) for option, value in options(world(HERE, 1234))["workers"].items()}
    tries, wait = workers["execution_api_retries"], workers["execution_api_retry_wait_min"]
    assert (tries - 1) * wait >= 90
    slow = tries * workers["execution_api_timeout"] + (tries - 1) * workers["execution_api_retry_wait_max"]
    assert slow < 300, "[scheduler] task_instance_heartbeat_timeout: then a second try would begin beside the first"


def test_overrides_win_and_leave_the_rest() -> None:
    plain = options(world(HERE, 1234))
    given = options(world(HERE, 1234), {"core": {"load_examples": "True"}, "scheduler": {"catchup_by_default": "True"}})
    assert given["core"] == {**plain["core"], "load_examples": "True"}
    assert given["scheduler"] == {"catchup_by_default": "True"}
    assert plain == options(world(HERE, 1234))


def test_the_module_needs_no_pulumi() -> None:
    """`make up` imports it in Airflow's virtualenv, where there is none."""
    code = "import sys; sys.modules['pulumi'] = None; import infra.airflow.config"
    subprocess.run([sys.executable, "-c", code], check=True)
