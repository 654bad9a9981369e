"""`deploy`, `destroy` and what every verb has, with a Pulumi that notes how it is called."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.names import NAMES_EXPORT
from infra.preview.planning import ROOT
from ops import terminal
from ops.__main__ import run
from tests.unit.fakes import Programs
from tests.unit.verbs import NEEDED, OUTPUTS, exporting, with_all_secrets

NAMES = ("deploy", "destroy", "outputs", "ui", "secrets", "dump", "restore", "adopt", "unlock-release", "docs")


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_explains_itself(name: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["ops", name, "--help"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in NAMES if name != "docs"])
def test_make_has_every_verb(name: str) -> None:
    text = subprocess.run(["/usr/bin/make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^ *{name} ", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["deploy", "destroy", "outputs", "ui", "secrets"])
def test_without_the_cli_a_verb_says_how_to_get_it(
    name: str, verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    if name != "secrets":
        with_all_secrets(stacks)
    assert verb(name) == 2
    said = capsys.readouterr().err
    assert "Download & install Pulumi" in said
    assert "Traceback" not in said


def test_a_stack_without_a_file(verb: Callable[..., int], stacks: Path, capsys: Any) -> None:
    (stacks / "Pulumi.local.yaml").rename(stacks / "Pulumi.other.yaml")
    assert verb("deploy") == 2
    assert "there are other" in capsys.readouterr().err


@pytest.mark.guarantee("everything wrong is told at once")
def test_bad_settings_stop_a_deployment(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    programs.add("pulumi")
    file = stacks / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("airflow:tier: local", "airflow:tier: lokal"))
    assert verb("deploy") == 2
    assert "airflow:tier" in capsys.readouterr().err
    assert not programs.calls()


def test_a_deployment_waits_for_its_secrets(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    programs.add("pulumi")
    assert verb("deploy") == 2
    said = capsys.readouterr().err
    assert all(key in said for key in NEEDED)
    assert "make secrets STACK=local" in said
    assert not programs.calls()


@pytest.mark.parametrize("option", ["--skip-preview", "-f"])
def test_destroy_keeps_the_preview_that_protection_needs(
    option: str, verb: Callable[..., int], programs: Programs, capsys: Any
) -> None:
    programs.add("pulumi")
    assert verb("destroy", "--", "--yes", option) == 2
    assert option in capsys.readouterr().err
    assert not programs.calls()


def test_deploy_and_destroy_are_pulumis(
    verb: Callable[..., int], programs: Programs, stacks: Path, kubeconfig: Path
) -> None:
    with_all_secrets(stacks)
    programs.add("pulumi")
    file = str(stacks / "Pulumi.local.yaml")
    assert verb("deploy", "--", "--yes", "--skip-preview") == 0
    programs.answer(("pulumi destroy", {"code": 255}))
    assert verb("destroy") == 255, "Pulumi's own exit code"
    assert [call.arguments for call in programs.calls()] == [
        ["stack", "output", "--json", "--stack", "local", "--non-interactive"],
        ["up", "--yes", "--skip-preview", "--stack", "local", "--config-file", file],
        ["destroy", "--stack", "local", "--config-file", file],
    ]


@pytest.mark.parametrize("preview", [(), ("--preview",)])
def test_a_standing_stack_keeps_its_names(
    preview: tuple[str, ...], verb: Callable[..., int], programs: Programs, stacks: Path, kubeconfig: Path, capsys: Any
) -> None:
    with_all_secrets(stacks)
    exporting(programs, {**OUTPUTS, NAMES_EXPORT: "airflow-local"})
    with (stacks / "Pulumi.local.yaml").open("a") as file:
        file.write("  airflow:prefix: acme\n")
    assert verb("deploy", *preview) == 2
    said = capsys.readouterr().err
    assert "'airflow-local'" in said
    assert "second stack" in said
    assert [call.arguments[:2] for call in programs.calls()] == [["stack", "output"]]


def test_a_stack_that_was_never_deployed_takes_any_names(
    verb: Callable[..., int], programs: Programs, stacks: Path, kubeconfig: Path
) -> None:
    with_all_secrets(stacks)
    programs.add("pulumi")
    programs.answer(("stack output", {"code": 255, "err": "error: no stack named 'local' found"}))
    assert verb("deploy") == 0
    assert [call.arguments[0] for call in programs.calls()] == ["stack", "up"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("contexts: [{name: minikube}]", "it has minikube"),
        ("[", "no kubeconfig"),
        ("", "no kube"),
    ],
)
def test_a_deployment_knows_its_cluster(
    content: str | None,
    said: str,
    verb: Callable[..., int],
    programs: Programs,
    stacks: Path,
    kubeconfig: Path,
    capsys: Any,
) -> None:
    with_all_secrets(stacks)
    programs.add("pulumi")
    if content is None:
        kubeconfig.unlink()
    else:
        kubeconfig.write_text(content)
    assert verb("deploy") == 2
    assert said in capsys.readouterr().err
    assert not programs.calls()


CAREFUL = f"""\
#!{sys.executable}
import os, pathlib, signal, sys, time
notes = open(os.environ["NOTES"], "a", buffering=1)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: notes.write("told\\n"))
notes.write("began\\n")
while pathlib.Path(notes.name).read_text() == "began\\n":
    time.sleep(0.05)
time.sleep(2)
sys.exit(7)
"""


def to_the_group(verb: int, number: signal.Signals) -> None:
    """As `timeout` and supervisors do it. Its children first, since signals that come at once are counted as one."""
    for child in Path(f"/proc/{verb}/task/{verb}/children").read_text().split():
        os.kill(int(child), number)
    time.sleep(0.5)
    os.kill(verb, number)


@pytest.mark.parametrize(
    ("number", "send"),
    [
        (signal.SIGINT, os.killpg),  # what a terminal does
        (signal.SIGTERM, os.kill),  # what `kill` and a container's end do
        (signal.SIGTERM, to_the_group),  # a second one would end Pulumi at once
    ],
)
@pytest.mark.guarantee("a signal in the middle of a deployment")
def test_a_signal_is_pulumis_to_end_on_and_comes_once(
    number: signal.Signals, send: Callable[[int, signal.Signals], None], programs: Programs, tmp_path: Path
) -> None:
    # a killed engine leaves operations pending
    careful, notes = programs.folder / "pulumi", tmp_path / "notes"
    careful.write_text(CAREFUL)
    careful.chmod(0o755)
    env = {**os.environ, "PATH": f"{programs.folder}:/usr/bin:/bin", "NOTES": str(notes)}
    command = [sys.executable, "-m", "ops", "destroy", "--stack", "local"]
    with subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True) as verb:
        for _ in range(400):
            if notes.exists() and notes.read_text():
                break
            time.sleep(0.05)
        send(verb.pid, number)
        assert verb.wait(timeout=20) == 7
    assert notes.read_text().split() == ["began", "told"]


def test_a_killed_pulumi_is_counted_as_a_shell_does(programs: Programs) -> None:
    (programs.folder / "pulumi").write_text("#!/bin/sh\nkill -9 $$\n")
    (programs.folder / "pulumi").chmod(0o755)
    assert terminal.patiently([str(programs.folder / "pulumi")]) == 128 + signal.SIGKILL


def test_the_projects_own_folder_is_left_to_the_cli(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.add("pulumi")
    monkeypatch.setattr(sys, "argv", ["ops", "destroy", "--stack", "local"])
    with pytest.raises(SystemExit):
        run()
    assert [call.arguments for call in programs.calls()] == [["destroy", "--stack", "local"]]
