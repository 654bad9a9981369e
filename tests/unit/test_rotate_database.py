"""`rotate-database`, with Pulumi and kubectl that note how they were called: turns, and what a break leaves."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.airflow.parts import LOGINS
from infra.names import login
from infra.preview.planning import ROOT
from infra.settings import SECRETS
from ops import rotate_database
from ops.__main__ import run
from ops.cluster import Cluster
from ops.errors import OpsError
from ops.stack import Stack

CLOSE = "airflow-local-database-admin-x7tpw4/main-close-logins"
KEYS = {"main.databasePassword": "airflow_main", "resultPassword": "airflow_main_result"}


class Desk:
    """A stack whose secrets, deploys and Jobs are noted, and the logins by which its release stands."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.fail, self.notes = folder, "", list[str]()
        self.held = {key: f"first-Password-of-{key}" for key in KEYS}
        self.standing: list[str] | None = self.logins()

    def logins(self) -> list[str]:
        return [login(role, self.held[key]) for key, role in KEYS.items()]

    def set(self, key: str, value: str) -> None:
        assert SECRETS["databasePassword"].check(value) is None
        self.held[key] = value
        self.notes.append(f"set {key}")

    def up(self, *_arguments: str) -> None:
        self.notes.append("up")
        if self.fail == "up":
            raise OpsError("up failed")
        self.standing = self.logins()

    def job(self, _cluster: Cluster, namespace: str, name: str, _env: dict[str, str]) -> int:
        self.notes.append(f"{namespace}/{name}")
        return 1 if self.fail == "job" else 0

    def listed(self, *arguments: str) -> dict[str, Any]:
        assert arguments == (
            "configmaps",
            "--namespace",
            "airflow-main",
            "--field-selector",
            "metadata.name=main-config",
        )
        if self.standing is None:
            return {"items": []}
        return {"items": [{"metadata": {"annotations": {LOGINS: " ".join(self.standing)}}}]}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    one = Desk(tmp_path)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("contexts: [{name: kind-airflow}]")
    shutil.copy(ROOT / "Pulumi.local.yaml", tmp_path)
    file = tmp_path / "Pulumi.local.yaml"
    text = yaml.safe_load(file.read_text())
    text["config"]["airflow:cloud"]["kubeconfig"] = str(kubeconfig)
    text["config"]["airflow:releases"][0] |= {"executor": "CeleryExecutor", "celery": {"broker": "redis"}}
    text["config"] |= {f"airflow:{key}": {"secure": "v1:made-up"} for key in KEYS}
    file.write_text(yaml.safe_dump(text))
    monkeypatch.setattr(Stack, "get_secret", lambda _stack, key: one.held[key])
    monkeypatch.setattr(Stack, "set_secret", lambda _stack, key, value: one.set(key, value))
    monkeypatch.setattr(Stack, "on_terminal", lambda _stack, *arguments: one.up(*arguments))
    monkeypatch.setattr(Cluster, "get", lambda _cluster, *arguments: one.listed(*arguments))
    monkeypatch.setattr(rotate_database, "run_job", one.job)
    return one


@pytest.fixture
def call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    def called() -> int:
        monkeypatch.setattr(sys, "argv", ["ops", "rotate-database", "--stack", "local", "--stacks", str(desk.folder)])
        try:
            return run()
        except SystemExit as ended:
            return int(ended.code or 0)

    return called


def test_new_passwords_are_the_other_logins_and_the_old_ones_are_closed_last(
    desk: Desk, call: Callable[[], int]
) -> None:
    for _ in range(3):
        before, desk.notes = desk.logins(), []
        assert call() == 0
        assert desk.notes == [*(f"set {key}" for key in KEYS), "up", CLOSE]
        assert not set(before) & set(desk.logins())


def test_what_an_earlier_version_left_is_rotated_too(desk: Desk, call: Callable[[], int]) -> None:
    desk.standing = None
    assert call() == 0
    assert desk.notes == [*(f"set {key}" for key in KEYS), "up", CLOSE]


def test_an_up_that_failed_is_gone_on_with_by_the_same_passwords(desk: Desk, call: Callable[[], int]) -> None:
    desk.fail = "up"
    assert call() == 2
    assert CLOSE not in desk.notes
    held, desk.fail, desk.notes = dict(desk.held), "", []
    assert call() == 0
    assert desk.held == held
    assert desk.notes == ["up", CLOSE]


def test_one_that_broke_off_between_two_passwords_makes_the_second(desk: Desk, call: Callable[[], int]) -> None:
    first = next(iter(KEYS))
    desk.set(first, rotate_database.other(KEYS[first], desk.held[first]))
    desk.notes.clear()
    assert call() == 0
    assert desk.notes == ["set resultPassword", "up", CLOSE]


def test_a_job_that_failed_says_that_the_old_passwords_still_work(
    desk: Desk, call: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    desk.fail = "job"
    assert call() == 2
    shown = capsys.readouterr()
    assert "old passwords still work" in shown.err
    assert all(password not in shown.out + shown.err for password in desk.held.values())


def test_without_a_password_there_is_nothing_to_rotate(
    desk: Desk, call: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    desk.held["main.databasePassword"] = ""
    assert call() == 2
    assert "make secrets STACK=local" in capsys.readouterr().err
    assert desk.notes == []
