"""A stack, its folder, and the programs that its verbs call, for every test of a verb that wants them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.preview.planning import ROOT
from ops.__main__ import run
from tests.unit.fakes import Programs, on_path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return on_path(tmp_path / "bin", monkeypatch)


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A folder of stack files, which a test may change."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    shutil.copy(ROOT / "Pulumi.local.yaml", folder)
    return folder


@pytest.fixture
def verb(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`verb("deploy", …)` runs it on the local stack; the exit code."""

    def call(name: str, *arguments: str) -> int:
        argv = ["ops", name, "--stack", "local", "--stacks", str(stacks), *arguments]
        monkeypatch.setattr(sys, "argv", argv)
        try:
            return run()
        except SystemExit as ended:
            return int(ended.code or 0)

    return call


@pytest.fixture
def kubeconfig(stacks: Path, tmp_path: Path) -> Path:
    """A kubeconfig that the stack names."""
    path = tmp_path / "kubeconfig"
    path.write_text("apiVersion: v1\ncontexts:\n  - {name: kind-airflow}\n")
    file = stacks / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("    context: ", f"    kubeconfig: {path}\n    context: "))
    return path
