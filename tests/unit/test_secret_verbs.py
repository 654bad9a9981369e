"""`make edit-secret` and `make apply-secret`, with a fake `pulumi` and `sops` that note how they are called."""

import json
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.secret_desk import PULUMI, ROOT, SECRET, SOPS_CLI, Desk

GOOD = f"airflow:\n  variables: {{a: {SECRET}}}"
BAD = f"airflow:\n  connections: [{{id: x, port: {SECRET}}}]"
SOPS = "airflow: ENC[AES256_GCM,data:xx]\nsops:\n    version: 3.9.0\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "bin").mkdir()
    desk = Desk(tmp_path)
    desk.program("pulumi", PULUMI)
    return desk


def test_a_stacks_settings_are_edited_and_stored_by_standard_input(desk: Desk) -> None:
    desk.held("production").write_text("airflow: {}")
    desk.editor(GOOD)
    done = desk.run("edit", "--stack", "production")
    assert (done.returncode, done.stdout) == (0, "stored; `make deploy STACK=production` brings it into Airflow\n")
    assert desk.held("production").read_text() == GOOD
    before, file, modes = desk.seen()
    assert (before, modes) == ("airflow: {}", ["0o700", "0o600"])
    assert not Path(str(file)).parent.exists()  # what the editor left beside it included
    assert [json.loads(line) for line in desk.calls().splitlines()] == [
        ["config", "get", "airflow:settings", "--stack", "production", "--non-interactive"],
        ["config", "set", "--secret", "airflow:settings", "--stack", "production", "--non-interactive"],
    ]


def test_a_stack_whose_file_lies_elsewhere_is_edited_there(desk: Desk) -> None:
    desk.editor(GOOD)
    done = desk.run("edit", "--stack", "production", "--stacks", "examples/azure")
    said = "stored; `make deploy STACK=production STACKS=examples/azure` brings it into Airflow\n"
    assert (done.returncode, done.stdout) == (0, said)
    file = desk.folder / "given.yaml"
    file.write_text(GOOD)
    assert desk.run("apply", "--stack", "production", "--stacks", "examples/azure", "--file", str(file)).returncode == 0
    for call in desk.calls().splitlines():
        words = json.loads(call)
        if words[:2] == ["stack", "output"]:  # it reads the state, and takes no file
            continue
        at = words[words.index("--config-file") + 1]
        assert at == str(ROOT / "examples" / "azure" / "Pulumi.production.yaml")


def test_what_was_typed_outlives_a_mistake_and_a_refusal(desk: Desk) -> None:
    desk.held("production").write_text("airflow: {}")
    (desk.folder / "bin" / "refuse").touch()  # an expired login
    desk.editor(BAD, GOOD, f"{GOOD}\n")
    terminal, given = os.openpty()
    os.write(terminal, b"y\ny\n")
    done = subprocess.run(
        [*desk.command, "edit", "--stack", "production"],
        env=desk.env, cwd=ROOT, stdin=given, capture_output=True, text=True,
    )  # fmt: skip
    os.close(given)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert desk.seen()[0] == GOOD, "the third time began with what the second left"
    assert "port: must be a whole number" in done.stderr
    assert "error: `pulumi config set --secret airflow:settings` failed: error: the login has expired" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert desk.held("production").read_text() == GOOD


def test_a_new_stack_begins_with_the_committed_example_and_a_release_has_its_own_key(desk: Desk) -> None:
    example = desk.folder / "settings" / "production" / "secret.example.yaml"
    example.parent.mkdir(parents=True)
    example.write_text("# an example\nairflow: {}\n")
    desk.editor(GOOD)
    assert desk.run("edit", "--stack", "production", "--release", "main").returncode == 0
    assert desk.seen()[0] == "# an example\nairflow: {}\n"
    assert desk.held("production", "airflow:main.settings").read_text() == GOOD


@pytest.mark.parametrize(("text", "code", "rule"), [
    (BAD, 0, "error: airflow.connections[0] (x).port: must be a whole number from 1 to 65535"),
    (GOOD, 3, "error: the editor ended with 3: nothing was stored"),
    ("airflow: {}", 0, ""),
])  # fmt: skip
def test_nothing_is_stored_where_it_is_bad_or_unchanged_or_the_editor_fails(
    desk: Desk, text: str, code: int, rule: str
) -> None:
    desk.held("production").write_text("airflow: {}")
    desk.editor(text, code=code)
    done = desk.run("edit", "--stack", "production")
    assert done.returncode == (2 if rule else 0)
    assert rule in done.stderr
    assert desk.held("production").read_text() == "airflow: {}"
    assert '"set"' not in desk.calls()
    assert not Path(str(desk.seen()[1])).parent.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_plain_text_stays_where_the_edit_is_stopped(desk: Desk, number: signal.Signals) -> None:
    desk.held("production").write_text(GOOD)
    desk.program(
        "editor",
        f"""
import pathlib, sys, time
pathlib.Path({str(desk.folder / "seen")!r} + ".new").write_text(sys.argv[1])
pathlib.Path({str(desk.folder / "seen")!r} + ".new").rename({str(desk.folder / "seen")!r})
time.sleep(600)
""",
    )
    process = subprocess.Popen(
        [*desk.command, "edit", "--stack", "production"], env=desk.env, cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not (desk.folder / "seen").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    file = Path((desk.folder / "seen").read_text())
    assert file.exists()
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert SECRET not in out
    assert not file.parent.exists()
    assert '"set"' not in desk.calls()


def test_a_file_is_stored_and_deployed(desk: Desk) -> None:
    file = desk.folder / "given.yaml"
    file.write_text(GOOD)
    done = desk.run("apply", "--stack", "production", "--file", str(file), "--", "--yes")
    assert done.returncode == 0
    assert desk.held("production").read_text() == GOOD
    assert json.loads(desk.calls().splitlines()[-1]) == ["up", "--yes", "--stack", "production"]
    assert desk.run("apply", "--stack", "production", "--file", "-", "--", "--fail", given=GOOD).returncode == 7


def test_a_bad_file_is_neither_stored_nor_deployed(desk: Desk) -> None:
    done = desk.run("apply", "--stack", "production", "--file", "-", given=BAD)
    assert (done.returncode, desk.calls()) == (2, "")
    assert "nothing" not in done.stdout
    missing = desk.run("apply", "--stack", "production", "--file", "none.yaml")
    assert (missing.returncode, missing.stderr) == (2, "error: none.yaml cannot be read: No such file or directory\n")
    assert (
        desk.run("apply", "--stack", "production").stderr == "error: say which: FILE=…, or FILE=- for standard input\n"
    )
    assert desk.run("edit").stderr == "error: say which: STACK=local, or the stack's name\n"


@pytest.mark.parametrize("text", [SOPS, json.dumps({"airflow": "ENC[…]", "sops": {"version": "3.9.0"}})])
def test_an_encrypted_file_goes_through_sops(desk: Desk, text: str) -> None:
    file = desk.folder / "given.yaml"
    file.write_text(text)
    refused = desk.run("apply", "--stack", "production", "--file", str(file))
    assert refused.returncode == 2
    assert f"`sops -d {file} | make apply-secret STACK=… FILE=-`" in refused.stderr
    desk.program("sops", SOPS_CLI)
    (desk.folder / "bin" / "plain").write_text(GOOD)
    assert desk.run("apply", "--stack", "production", "--file", str(file)).returncode == 0
    assert desk.held("production").read_text() == GOOD


def test_what_sops_cannot_decrypt_is_said(desk: Desk) -> None:
    desk.program("sops", SOPS_CLI)
    done = desk.run("apply", "--stack", "production", "--file", "-", given=SOPS.replace("3.9.0", "0"))
    assert (done.returncode, done.stderr) == (2, "error: sops -d failed (1): no key\n")


def test_local_settings_are_a_file_of_mode_0600(desk: Desk) -> None:
    file = desk.folder / "settings" / "local" / "secret.yaml"
    desk.editor(GOOD)
    done = desk.run("edit", "--stack", "local")
    assert (done.returncode, done.stdout) == (0, "stored; `make apply-secret STACK=local` brings it into Airflow\n")
    assert file.read_text() == GOOD
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret.yaml"]
    desk.editor(BAD)
    assert desk.run("edit", "--stack", "local").returncode == 2
    assert file.read_text() == GOOD
    assert desk.calls() == ""


def test_without_the_cli_or_the_editor_it_is_said(desk: Desk) -> None:
    (desk.folder / "bin" / "pulumi").unlink()
    done = desk.run("apply", "--stack", "production", "--file", "-", given=GOOD)
    assert done.returncode == 2
    assert done.stderr.startswith("error: the Pulumi CLI is not on the PATH of this machine")
    assert done.stderr.count("\n") == 1
    done = desk.run("edit", "--stack", "local")
    assert (done.returncode, done.stderr) == (
        2,
        f"error: the editor {desk.env['EDITOR']} is not on this machine: set EDITOR\n",
    )
