"""`rotate-fernet` and `upload-dags`, with Pulumi and kubectl that note how they were called; what they hand over."""

import base64
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.airflow.scripts import receive, rotate_logs
from infra.preview.planning import ROOT
from ops import rotate_fernet, upload_dags
from ops.__main__ import run
from ops.cluster import Cluster
from ops.errors import OpsError
from ops.stack import Stack
from tests.unit.fakes import on_path


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    folder = tmp_path / "stacks"
    folder.mkdir()
    shutil.copy(ROOT / "Pulumi.local.yaml", folder)
    return folder


class Desk:
    """A stack whose secret, deploys and Jobs are noted."""

    def __init__(self, key: str, fail: str = "") -> None:
        self.key, self.fail, self.notes = key, fail, list[str]()

    def get(self, _key: str) -> str:
        return self.key

    def set(self, key: str, value: str) -> None:
        assert key == "fernetKey"
        self.key = value
        self.notes.append(f"set {value.count(',') + 1}")

    def deploy(self, *_arguments: str) -> None:
        self.notes.append("deploy")
        if self.fail == "deploy":
            raise OpsError("up failed")

    def job(self, _cluster: Cluster, namespace: str, name: str, _env: dict[str, str]) -> int:
        self.notes.append(f"{namespace}/{name}")
        return 1 if self.fail == "job" else 0


@pytest.fixture
def desk(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Desk, Callable[[], int]]]:
    def made(key: str, fail: str = "") -> tuple[Desk, Callable[[], int]]:
        one = Desk(key, fail)
        monkeypatch.setattr(Stack, "get_secret", one.get)
        monkeypatch.setattr(Stack, "set_secret", one.set)
        monkeypatch.setattr(Stack, "on_terminal", one.deploy)
        monkeypatch.setattr(rotate_fernet, "run_job", one.job)
        kubeconfig = stacks / "kubeconfig"
        kubeconfig.write_text("contexts: [{name: kind-airflow}]")
        text = yaml.safe_load((stacks / "Pulumi.local.yaml").read_text())
        text["config"]["airflow:cloud"]["kubeconfig"] = str(kubeconfig)
        (stacks / "Pulumi.local.yaml").write_text(yaml.safe_dump(text))
        argv = ["ops", "rotate-fernet", "--stack", "local", "--stacks", str(stacks)]
        monkeypatch.setattr(sys, "argv", argv)

        def call() -> int:
            try:
                return run()
            except SystemExit as ended:
                return int(ended.code or 0)

        return one, call

    return made


JOB = "airflow-main/main-rotate-fernet"


def test_a_rotation_walks_its_steps_in_order(desk: Callable[..., Any]) -> None:
    one, call = desk("old")
    assert call() == 0
    assert one.notes == ["set 2", "deploy", JOB, "set 1", "deploy"]
    assert one.key != "old"


@pytest.mark.guarantee("a rotation of the Fernet key that is interrupted")
def test_an_interrupted_rotation_goes_on_with_the_same_new_key(desk: Callable[..., Any]) -> None:
    one, call = desk("new,old")
    assert call() == 0
    assert one.notes == ["deploy", JOB, "set 1", "deploy"]
    assert one.key == "new"


@pytest.mark.parametrize("fail", ["deploy", "job"])
@pytest.mark.guarantee("a rotation of the Fernet key that is interrupted")
def test_what_fails_keeps_both_keys(desk: Callable[..., Any], fail: str) -> None:
    one, call = desk("old", fail)
    assert call() == 2
    assert one.key.endswith(",old")


EARLIER, PRESENT = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"a", b"b"))


def test_a_key_that_was_changed_otherwise_comes_back_behind_the_present_one(
    desk: Callable[..., Any], stacks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, call = desk(PRESENT)
    file = stacks / "Pulumi.local.yaml"
    file.write_text(file.read_text() + "  airflow:fernetKey: {secure: v1:before}\n")
    git = ["git", "-C", str(stacks), "-c", "user.name=T", "-c", "user.email=t@your-company.com"]
    for command in (["init", "-q"], ["add", file.name], ["-c", "commit.gpgsign=false", "commit", "-qm", "before"]):
        subprocess.run([*git, *command], check=True)
    file.write_text(file.read_text().replace("v1:before", "v1:after"))

    def held(stack: Stack, key: str) -> str:
        return EARLIER if "v1:before" in stack.file.path.read_text() and stack.holds(key) else one.get(key)

    monkeypatch.setattr(Stack, "get_secret", held)
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--earlier", "HEAD"])
    assert call() == 0
    assert one.notes == ["set 2", "deploy", JOB, "set 1", "deploy"], "no third key is made"
    assert one.key == PRESENT


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        (EARLIER, ""),
        ("", "standard input holds no Fernet key of main"),
        ("s3cr3t", "what standard input holds is no Fernet key"),
        (PRESENT, "no other key than the present one"),
    ],
)
def test_an_earlier_key_is_piped_in_and_looked_at(
    desk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capsys: Any, earlier: str, said: str
) -> None:
    one, call = desk(PRESENT, "job")
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--earlier", "-"])
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{earlier}\n"))
    assert call() == 2
    err = capsys.readouterr().err
    assert "s3cr3t" not in err
    assert EARLIER not in err
    if said:
        assert f"EARLIER=-: {said}" in err or said in err
        assert one.notes == []
    else:
        assert one.key == f"{PRESENT},{EARLIER}"


def test_a_commit_that_is_none_is_said_by_git(
    desk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    one, call = desk(PRESENT)
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--earlier", "--output=x"])
    assert call() == 2
    assert "EARLIER=--output=x: fatal: " in capsys.readouterr().err
    assert one.notes == []


def test_a_release_has_to_be_named_where_there_are_several(stacks: Path) -> None:
    text = yaml.safe_load((stacks / "Pulumi.local.yaml").read_text())
    text["config"]["airflow:releases"] = [{"name": "a"}, {"name": "b"}]
    (stacks / "Pulumi.local.yaml").write_text(yaml.safe_dump(text))
    stack = Stack("local", stacks)
    assert stack.release("b").name == "b"
    for name in ("", "c"):
        with pytest.raises(OpsError, match="a, b"):
            stack.release(name)


def test_the_checkout_of_a_local_cluster_is_not_uploaded_to(stacks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OpsError, match="save files there"):
        upload_dags.upload_dags("local", stacks=stacks)


def test_what_is_uploaded_replaces_what_was_there(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for path, text in (("a.py", "1"), ("sub/b.py", "2"), ("__pycache__/a.pyc", "x")):
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_text(text)
    (there / "old").mkdir(parents=True)
    (there / "old" / "gone.py").write_text("0")
    (there / "a.py").write_text("0")
    assert receive.receive(there, io.BytesIO(upload_dags.archive(here))) == (2, 1)
    assert {str(path.relative_to(there)) for path in there.rglob("*")} == {"a.py", "sub", "sub/b.py"}
    assert (there / "a.py").read_text() == "1"
    assert receive.receive(there, io.BytesIO(upload_dags.archive(tmp_path / "none"))) == (0, 2)


def test_links_arrive_as_what_they_lead_to(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    (tmp_path / "shared.py").write_text("1")
    (here / "a.py").symlink_to(tmp_path / "shared.py")
    os.link(here / "a.py", here / "b.py", follow_symlinks=True)
    os.link(here / "b.py", here / "c.py")
    assert receive.receive(there, io.BytesIO(upload_dags.archive(here))) == (3, 0)
    assert {path.name: path.read_text() for path in there.iterdir()} == {"a.py": "1", "b.py": "1", "c.py": "1"}


def test_an_upload_is_told_to_a_pod_that_waits_and_goes(
    stacks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = on_path(tmp_path / "bin", monkeypatch)
    programs.add("kubectl")
    pod = {"metadata": {"name": "waits", "creationTimestamp": "2026-11-21T00:00:00Z"}, "status": {"phase": "Running"}}
    programs.answer(
        ("create job", {"out": '{"spec": {}}'}),
        ("get pods", {"out": json.dumps({"items": [pod]})}),
        ("exec", {"out": "said\n"}),
    )
    kubeconfig, dags = tmp_path / "kubeconfig", tmp_path / "dags"
    kubeconfig.write_text("contexts: [{name: kind-airflow}]")
    dags.mkdir()
    (dags / "one.py").write_text("# a DAG")
    text = yaml.safe_load((stacks / "Pulumi.local.yaml").read_text())
    text["config"]["airflow:cloud"].update(kubeconfig=str(kubeconfig), files={"kind": "storageClass", "name": "nfs"})
    text["config"]["airflow:releases"] = [{"name": "main", "dags": {"kind": "share"}}]
    (stacks / "Pulumi.local.yaml").write_text(yaml.safe_dump(text))
    upload_dags.upload_dags("local", dags=dags, plugins=tmp_path / "none", stacks=stacks)
    first, *_, last = told = [call.arguments[4:] for call in programs.calls()]
    assert first[:3] == last[:3] == ["delete", "job", "main-upload-by-hand"]
    executed = [call for call in programs.calls() if "exec" in call.arguments]
    assert ["one.py" in call.given for call in executed] == [True, False]
    assert all("waits" in call.arguments for call in executed)
    assert capsys.readouterr().out == "said\nsaid\n"
    assert ["create", "-f", "-", "--namespace", "airflow-main"] in told


@pytest.mark.parametrize("name", ["../out.py", "/out.py", "a/../../out.py"])
def test_an_archive_cannot_lead_out_of_the_share(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    buffer.seek(0)
    with pytest.raises(ValueError, match="leads out"):
        receive.receive(tmp_path / "share", buffer)


def test_old_logs_go_first_and_then_the_oldest_until_it_fits(tmp_path: Path) -> None:
    now = time.time()
    found = [(now - days * 86400, 40, Path(f"{days}")) for days in (40, 20, 10, 1)]
    assert rotate_logs.surplus(found, now - 30 * 86400, 1000) == [Path("40")]
    assert rotate_logs.surplus(found, now - 30 * 86400, 100) == [Path("40"), Path("20")]
    assert rotate_logs.surplus(found, now - 30 * 86400, 10) == [Path("40"), Path("20"), Path("10"), Path("1")]


def test_a_rotation_leaves_young_files_and_removes_empty_folders(tmp_path: Path) -> None:
    for name, days in (("run=1/old.log", 40), ("run=2/new.log", 1)):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("x")
        os.utime(path, (time.time() - days * 86400,) * 2)
    assert rotate_logs.main([str(tmp_path), "30", "1"]) == 0
    os.utime(tmp_path / "run=1", (time.time() - 7200,) * 2)
    rotate_logs.prune(tmp_path)
    assert {path.name for path in tmp_path.rglob("*")} == {"run=2", "new.log"}
