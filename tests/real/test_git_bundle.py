"""Airflow's own git bundle as a release configures it, read by the deploy key that `make secrets` makes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.airflow.config import variable
from infra.airflow.credentials import git_connection
from infra.airflow.storage import GIT_ACCESS
from infra.airflow.world import bundles, git_connection_id
from infra.settings.release import BundleDags
from ops import deploy_key
from tests.real.airflow_here import AirflowHere
from tests.ssh_git import SshGit, served

DAG = """
from airflow.sdk import dag, task

@dag(schedule=None, catchup=False)
def versions():
    @task
    def say():
        print("{word}")
    say()

versions()
"""
READ = """
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag

manager = DagBundlesManager()
manager.sync_bundles_to_db()
try:
    bundle = manager.get_bundle("dags", version=version)
    bundle.initialize()
    bag = DagBag(str(bundle.path))
    answer = {
        "version": bundle.get_current_version().version,
        "text": (bundle.path / "versions.py").read_text(),
        "dags": sorted(bag.dags),
        "errors": list(bag.import_errors.values()),
    }
except Exception as error:
    answer = {"refused": repr(error) + repr(error.__cause__)}
"""


@pytest.fixture(scope="module")
def key() -> str:
    return deploy_key.made()


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory, key: str) -> Iterator[SshGit]:
    with served(tmp_path_factory.mktemp("git"), deploy_key.public_half(key)) as server:
        yield server


def reading(airflow: AirflowHere, git: SshGit, key: str, *, ref: str = "main", known_hosts: str = "") -> AirflowHere:
    """Airflow with the options and the connection of a release that follows the repository."""
    one = {
        "name": "dags", "repository": git.address, "auth": "sshKey", "ref": ref, "subPath": "dags",
        "knownHosts": known_hosts or git.known_hosts,
    }  # fmt: skip
    dags = BundleDags.model_validate({"kind": "bundle", "repositories": [one]})
    (repository,) = dags.repositories
    hosts = airflow.folder / "known_hosts"
    hosts.write_text(repository.known_hosts or "")
    # where a pod has its file
    connection = git_connection(repository, key).replace(f"{GIT_ACCESS}/known_hosts", str(hosts))
    env = {
        variable("dag_processor", "dag_bundle_config_list"): json.dumps(bundles(dags)),
        variable("dag_processor", "dag_bundle_storage_path"): str(airflow.folder / "bundles"),
        f"AIRFLOW_CONN_{git_connection_id(repository).upper()}": connection,
    }
    return replace(airflow, env={**airflow.env, **env})


def read(airflow: AirflowHere, version: str | None = None) -> dict[str, Any]:
    return airflow.python(f"version = {version!r}\n{READ}")


def test_a_merge_is_read_and_what_ran_before_keeps_its_commit(airflow: AirflowHere, git: SshGit, key: str) -> None:
    before = git.push("versions.py", DAG.format(word="before"))
    here = reading(airflow, git, key)
    first = read(here)
    assert (first["version"], first["dags"], first["errors"]) == (before, ["versions"], [])
    after = git.push("versions.py", DAG.format(word="after"))
    now = read(here)
    assert now["version"] == after
    assert "after" in now["text"]
    kept = read(here, before)
    assert kept["version"] == before
    assert "before" in kept["text"]


def test_a_release_tag_is_read_whatever_main_became(airflow: AirflowHere, git: SshGit, key: str) -> None:
    tagged = git.push("versions.py", DAG.format(word="released"), tag="v1.0.0")
    git.push("versions.py", DAG.format(word="later"))
    told = read(reading(airflow, git, key, ref="v1.0.0"))
    assert told["version"] == tagged
    assert "released" in told["text"]


def test_another_key_and_another_server_are_refused(
    airflow: AirflowHere, git: SshGit, key: str, tmp_path: Path
) -> None:
    git.push("versions.py", DAG.format(word="kept from strangers"))
    assert "Permission denied" in read(reading(airflow, git, deploy_key.made()))["refused"]
    stranger = deploy_key.public_half(deploy_key.made())
    known = f"[127.0.0.1]:{git.port} {stranger}\n"
    assert "Host key verification failed" in read(reading(airflow, git, key, known_hosts=known))["refused"]
