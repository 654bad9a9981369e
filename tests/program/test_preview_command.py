"""`python -m infra.preview` as a user calls it: exit codes, and one clear text instead of a traceback."""

import io
import json
from pathlib import Path

import pytest

from infra.preview import __main__ as command


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> int:
    monkeypatch.setattr("sys.argv", ["preview", *arguments])
    monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
    try:
        return command.run()
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--stack", "nowhere"], "there are integration, local, production"),
        (["--stack", "local", "--stacks", "docs/none"], "there is none"),
        (["--stack", "local", "--config", "size"], "KEY=VALUE is expected"),
        (["--stack", "local", "--config", "size=huge"], "airflow:size"),
        (["--stack", "local", "--config", "siez=small"], "did you mean airflow:size?"),
        (["--stack", "local", "--config", "main.fernetKey=in-the-clear-0123456789"], "airflow:main.fernetKey"),
    ],
)
def test_what_a_user_can_repair_is_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
):
    assert call(monkeypatch, *arguments) == 2
    shown = capsys.readouterr()
    assert says in shown.err
    assert "Traceback" not in shown.err
    assert "in-the-clear" not in shown.err
    assert shown.out == ""


def test_a_bad_secret_is_refused_without_being_shown(monkeypatch, capsys):
    arguments = ["--stack", "local", "--secret", "fernetKey"]
    assert call(monkeypatch, *arguments, stdin="not-a-fernet-key\n") == 2
    shown = capsys.readouterr()
    assert "airflow:fernetKey" in shown.err
    assert "not-a-fernet-key" not in shown.err + shown.out


def test_a_defect_of_ours_is_exit_1(monkeypatch, capsys):
    def broken():
        raise LookupError("ours")

    monkeypatch.setattr("infra.program.run", broken)
    assert call(monkeypatch, "--stack", "local") == 1
    assert "LookupError: ours" in capsys.readouterr().err


def test_json_is_exactly_one_object(monkeypatch, capsys):
    monkeypatch.setattr("infra.program.run", lambda: {"answer": 42})
    assert call(monkeypatch, "--stack", "local", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert list(plan) == ["project", "stack", "resources", "outputs", "warnings", "missingSecrets", "placeholders"]
    assert plan["outputs"] == {"answer": 42}
    assert "airflow:fernetKey" in plan["missingSecrets"]
    keys = ["urn", "type", "name", "custom", "parent", "provider", "inputs", "dependsOn", "options"]
    assert [list(resource) for resource in plan["resources"]] == [keys]


def test_missing_secrets_come_with_their_commands(monkeypatch, capsys, tmp_path: Path):
    monkeypatch.setattr("infra.program.run", dict)
    assert call(monkeypatch, "--stack", "local") == 0
    shown = capsys.readouterr().out
    assert "pulumi config set --secret airflow:fernetKey --stack local\n" in shown
    assert "pulumi config set --secret airflow:settings --stack local < FILE\n" in shown
    (tmp_path / "Pulumi.local.yaml").write_text(
        Path("Pulumi.local.yaml").read_text() + "  airflow:fernetKey: {secure: x}\n"
    )
    assert call(monkeypatch, "--stack", "local", "--stacks", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "fernetKey" not in shown
    assert f"airflow:jwtSecret --stack local --config-file {tmp_path}/Pulumi.local.yaml\n" in shown
