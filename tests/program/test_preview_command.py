"""`python -m infra.preview` as a user calls it: exit codes, and one clear text instead of a traceback."""

import io
import json
from pathlib import Path

import pulumi
import pytest

from infra.preview import __main__ as command


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: bytes = b"") -> int:
    monkeypatch.setattr("sys.argv", ["preview", *arguments])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), "ascii", "surrogateescape"))  # as in locale C
    try:
        return command.run()
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize("key", ["jwtSecret", "jwtSecrt", "size"])
def test_a_secret_that_is_no_text_or_none_of_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str
):
    assert call(monkeypatch, "--stack", "local", "--secret", key, stdin=b"\xff" * 40) == 2
    assert "UTF-8" in capsys.readouterr().err
    if key != "jwtSecret":
        assert call(monkeypatch, "--stack", "local", "--secret", key, stdin=b"a-value-that-nobody-sees") == 2
        said = capsys.readouterr().err
        assert "no secret has this key" in said
        assert "nobody-sees" not in said


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
    assert call(monkeypatch, *arguments, stdin=b"not-a-fernet-key\n") == 2
    shown = capsys.readouterr()
    assert "airflow:fernetKey" in shown.err
    assert "not-a-fernet-key" not in shown.err + shown.out


def test_a_defect_of_ours_is_exit_1(monkeypatch, capsys):
    def broken():
        raise LookupError("ours")

    monkeypatch.setattr("infra.program.run", broken)
    assert call(monkeypatch, "--stack", "local") == 1
    assert "LookupError: ours" in capsys.readouterr().err


@pytest.mark.parametrize("shown", [str, repr, json.dumps, lambda text: text.splitlines()[1]])
def test_a_defect_shows_no_secret(monkeypatch, capsys, shown):
    secret = 'connections:\n  - {id: x, password: "correct\\horse"}\n'

    def broken():
        raise LookupError(f"cannot read {shown(secret)}")

    monkeypatch.setattr("infra.program.run", broken)
    assert call(monkeypatch, "--stack", "local", "--secret", "settings", stdin=secret.encode()) == 1
    said = capsys.readouterr().err
    assert "[secret]" in said.partition("LookupError: cannot read")[2]
    assert "horse" not in said


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
    assert "`make secrets STACK=local`" in shown
    (tmp_path / "Pulumi.local.yaml").write_text(
        Path("Pulumi.local.yaml").read_text() + "  airflow:fernetKey: {secure: x}\n"
    )
    assert call(monkeypatch, "--stack", "local", "--stacks", str(tmp_path)) == 0
    shown = capsys.readouterr().out
    assert "fernetKey" not in shown
    assert f"airflow:jwtSecret --stack local --config-file {tmp_path}/Pulumi.local.yaml\n" in shown
    assert f"`make secrets STACK=local STACKS={tmp_path}`" in shown


def test_exports_stand_in_full_and_sentences_are_wrapped(monkeypatch, capsys):
    command = "az aks get-credentials " + "--and-so-on " * 20 + "end"

    def program():
        pulumi.log.warn("mind the gap " * 20)
        url, secret = pulumi.Output.from_input("https://x"), pulumi.Output.secret("s")
        return {"command": command, "releases": {"main": {"url": url, "password": secret}}, "registry": ""}

    monkeypatch.setattr("infra.program.run", program)
    assert call(monkeypatch, "--stack", "local") == 0
    shown = capsys.readouterr().out
    assert f"    command: {command}\n" in shown
    assert '    registry: ""\n' in shown
    assert "    releases:\n        main:\n            password: [secret]\n            url: https://x\n" in shown
    assert max(len(line) for line in shown.splitlines() if "gap" in line) < 120


def test_a_secret_is_not_typed_into_a_terminal(monkeypatch, capsys):
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("io.TextIOWrapper", Terminal)
    assert call(monkeypatch, "--stack", "local", "--secret", "fernetKey") == 2
    assert "comes from standard input" in capsys.readouterr().err


def test_an_earlier_plan_is_compared_in_each_format(monkeypatch, capsys, tmp_path: Path):
    earlier = tmp_path / "plan.json"
    assert call(monkeypatch, "--stack", "local", "--json") == 0
    earlier.write_text(capsys.readouterr().out)
    assert call(monkeypatch, "--stack", "local", "--diff", str(earlier)) == 0
    said = capsys.readouterr().out
    assert said.startswith("airflow/local: nothing changes\n\nencrypted values were not looked at (1):\n")
    assert "make plan-diff" in said
    other = ["--stack", "local", "--config", "cloud.context=other", "--diff", str(earlier)]
    assert call(monkeypatch, *other, "--format", "markdown") == 0
    assert "`clusterIdentifier: " in capsys.readouterr().out
    assert call(monkeypatch, *other, "--json") == 0
    changes = json.loads(capsys.readouterr().out)
    assert "cluster" in [change["name"] for change in changes["replaced"]]


def test_two_runs_give_the_same_bytes(monkeypatch, capsys):
    outputs = [(call(monkeypatch, "--stack", "local", "--json"), capsys.readouterr().out) for _ in range(2)]
    assert outputs[0] == outputs[1]


def test_the_graph_goes_into_a_file_and_the_times_to_the_screen(monkeypatch, capsys, tmp_path: Path):
    drawn = tmp_path / "plan.mmd"
    assert call(monkeypatch, "--stack", "local", "--graph", str(drawn), "--critical-path") == 0
    assert "with 8 at a time" in capsys.readouterr().out
    assert drawn.read_text().startswith("flowchart TD\n  subgraph cloud")
    assert call(monkeypatch, "--stack", "local", "--critical-path", "--json") == 0
    times = json.loads(capsys.readouterr().out)
    assert times["eightfold"] >= times["unlimited"] == sum(step["seconds"] for step in times["chain"])
    assert call(monkeypatch, "--stack", "local", "--graph", str(tmp_path)) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "markdown"], "give --diff PLAN.json too"),
        (["--diff", "x.json", "--critical-path"], "ask one at a time"),
        (["--diff", "no-such-plan.json"], "cannot be read"),
        (["--json", "--format", "markdown"], "give one of them"),
        (["--secret", "fernetkey"], "did you mean airflow:fernetKey?"),
    ],
)
def test_options_that_do_not_go_together_are_refused(monkeypatch, capsys, arguments: list[str], says: str):
    assert call(monkeypatch, "--stack", "local", *arguments) == 2
    assert says in capsys.readouterr().err
