"""`remove-release`, with a Pulumi and a kubectl that note their calls: what goes, what stays, how it goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview import planning
from infra.preview.planning import ROOT, Request
from ops import last_copy, remove_release, stack_text
from ops.errors import OpsError
from ops.stack import Stack, resources_of
from tests.unit.fakes import Programs
from tests.unit.test_restore_verb import JOB, ended, pod

CHAIN = "urn:pulumi:local::airflow::airflow:airflow:AirflowRelease"
LOGS = f"{CHAIN}$airflow:airflow:ReleaseVolumes$airflow:aws:LogBucket"
VOLUMES = f"{CHAIN}$airflow:airflow:ReleaseVolumes"
PARENT = f"{LOGS}::second-logs"


def custom(chain: str, token: str, name: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"{chain}${token}::{name}", "type": token, "custom": True, "parent": PARENT, "id": name, **more}


STATE = [
    {"urn": f"{CHAIN}::main", "type": "airflow:airflow:AirflowRelease"},
    {"urn": f"{CHAIN}::second", "type": "airflow:airflow:AirflowRelease"},
    custom(LOGS, "aws:s3/bucket:Bucket", "second-logs", protect=True),
    custom(LOGS, "aws:s3/bucketPolicy:BucketPolicy", "second-logs-policy"),
    custom(LOGS, "aws:iam/role:Role", "second-role"),
    custom(f"{CHAIN}$airflow:airflow:ReleaseKeys", "kubernetes:core/v1:Secret", "second-fernet"),
    custom(VOLUMES, "kubernetes:core/v1:PersistentVolumeClaim", "second-dags", inputs={"spec": {"volumeName": "nfs"}}),
]


@pytest.fixture
def stack_file(stacks: Path, kubeconfig: Path) -> Path:
    """The local stack with a second release, in its own words and comments."""
    path = stacks / "Pulumi.local.yaml"
    text = path.read_text().replace(
        "    - name: main\n",
        "    - name: second # the other\n      executor: LocalExecutor\n\n    # the first\n    - name: main\n",
    )
    kinds = ("adminPassword", "fernetKey", "databasePassword")
    keys = [f"{name}.{kind}" for name in ("main", "second") for kind in kinds]
    path.write_text(text + "".join(f"  airflow:{key}:\n    secure: v1:{key}\n" for key in keys))
    return path


@pytest.fixture
def world(programs: Programs, stack_file: Path) -> Callable[..., None]:
    """`world(state, up=…)`: what stands, and how `pulumi up` ends; the dump succeeds unless `dump` says otherwise."""
    programs.add("pulumi", "kubectl")

    def answers(state: list[dict[str, Any]] = STATE, up: int = 0, dump: int = 0) -> None:
        exported = {"version": 3, "deployment": {"manifest": {}, "resources": state}}
        bootstrap = {"containers": [{"name": "bootstrap", "args": ["wait", "--", "python", "bootstrap.py"], "env": [
            {"name": "ROLES", "value": "{}"}, {"name": "PASSWORD_0", "value": "x"}, {"name": "PGHOST", "value": "h"},
        ]}]}  # fmt: skip
        jobs = {"items": [{"spec": {"template": {"spec": bootstrap}}}]}
        programs.answer(
            ("stack export", {"out": json.dumps(exported)}),
            ("pulumi up", {"code": up}),
            ("get jobs --selector", {"out": json.dumps(jobs)}),
            ("--ignore-not-found", {"out": ""}),
            ("get job", {"out": ended("Failed" if dump else "Complete")}),
            ("create job", {"out": json.dumps(JOB)}),
            ("get pods", {"out": pod(dump)}),
        )

    return answers


def remove(verb: Callable[..., int], *more: str, release: str = "second") -> int:
    return verb("remove-release", "--release", release, *more)


def order(programs: Programs) -> list[str]:
    words = ("stack export", "dump-by-hand", "stack import", "pulumi up", "drop-second")
    steps = [next((word for word in words if word in f"{call} {call.given}"), "") for call in programs.calls()]
    return list(dict.fromkeys(filter(None, steps)))


@pytest.mark.guarantee("a release that goes")
def test_a_release_goes_with_its_entry_and_secrets_after_a_last_dump(
    verb: Callable[..., int], world: Any, programs: Programs, stack_file: Path, capsys: Any
) -> None:
    before = yaml.safe_load(stack_file.read_text())["config"]
    world()
    assert remove(verb, "--yes", "--", "--yes") == 0
    assert order(programs) == ["stack export", "dump-by-hand", "stack import", "pulumi up"]
    after = yaml.safe_load(stack_file.read_text())["config"]
    assert [one["name"] for one in after["airflow:releases"]] == ["main"]
    gone = {key for key in before if key.startswith("airflow:second.")}
    assert len(gone) == 3
    assert {key: value for key, value in after.items() if key != "airflow:releases"} == {
        key: value for key, value in before.items() if key not in gone and key != "airflow:releases"
    }
    assert "    # the first\n    - name: main\n" in stack_file.read_text()
    said = capsys.readouterr().out
    assert "second of local goes: 2 objects of the cluster, 1 of the cloud" in said
    assert "goes: aws:iam/role:Role second-role" in said
    assert "second.adminPassword, second.databasePassword, second.fernetKey" in said
    assert "stays: database airflow_second on the server" in said
    assert "is no longer Pulumi's: aws:s3/bucket:Bucket second-logs" in said
    assert "DROP=airflow_second` drops it" in said
    assert "v1:" not in said
    up = next(call for call in programs.calls() if call.arguments[0] == "up")
    assert "--yes" in up.arguments


@pytest.mark.guarantee("a release that goes")
def test_what_holds_data_in_the_cloud_is_forgotten_and_not_deleted(
    verb: Callable[..., int], world: Any, programs: Programs
) -> None:
    world()
    assert remove(verb, "--yes") == 0
    given = next(call.given for call in programs.calls() if "stack import" in str(call))
    state = {one["urn"].rpartition("::")[2]: one for one in resources_of(json.loads(given))}
    kept = {name for name, one in state.items() if one.get("retainOnDelete")}
    assert kept == {"second-logs", "second-logs-policy"}
    assert not state["second-logs"]["protect"]


@pytest.mark.guarantee("a release that goes")
def test_a_volume_that_the_cluster_made_is_said_to_go_with_what_is_in_it(
    verb: Callable[..., int], world: Any, capsys: Any
) -> None:
    claim = custom(VOLUMES, "kubernetes:core/v1:PersistentVolumeClaim", "second-logs", inputs={"spec": {}})
    world([*STATE, claim])
    assert remove(verb, "--yes", "--", "--yes") == 0
    said = capsys.readouterr().out
    assert "goes with what is in it, unless its class keeps volumes: claim second-logs" in said
    assert "claim second-dags" not in said


@pytest.mark.guarantee("a release that goes")
def test_a_database_goes_by_its_name_alone(
    verb: Callable[..., int], world: Any, programs: Programs, capsys: Any
) -> None:
    world()
    assert remove(verb, "--yes", "--drop", "airflow_main") == 2
    assert "DROP=airflow_main: the database of second is airflow_second" in capsys.readouterr().err
    assert not programs.calls()
    assert remove(verb, "--yes", "--drop", "airflow_second") == 0
    assert order(programs)[-2:] == ["pulumi up", "drop-second"]
    made = next(json.loads(call.given) for call in programs.calls() if "drop-second" in call.given)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert [one["name"] for one in container["env"]] == ["PGHOST", "ROLES"]
    assert json.loads(container["env"][1]["value"]) == ["airflow_second", "airflow_second_result"]
    assert container["args"][:4] == ["wait", "--", "python", "-c"]
    assert "DROP DATABASE IF EXISTS" in container["args"][4]


@pytest.mark.parametrize("text", ["", "secnd\n"])
def test_nothing_is_done_unless_somebody_says_so(
    verb: Callable[..., int], world: Any, programs: Programs, stack_file: Path, capsys: Any, text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    before = stack_file.read_text()
    world()
    if text:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr(remove_release.typer, "prompt", lambda *_, **__: text.strip())
    assert remove(verb) == 2
    assert ("nothing was changed" if text else "YES=1") in capsys.readouterr().err
    assert stack_file.read_text() == before
    assert order(programs) == ["stack export"]


@pytest.mark.guarantee("a release that goes")
def test_a_failed_dump_changes_nothing(
    verb: Callable[..., int], world: Any, programs: Programs, stack_file: Path, capsys: Any
) -> None:
    before = stack_file.read_text()
    world(dump=1)
    assert remove(verb, "--yes") == 2
    assert "the dump failed and nothing was changed" in capsys.readouterr().err
    assert stack_file.read_text() == before
    assert order(programs) == ["stack export", "dump-by-hand"]
    world()
    assert remove(verb, "--yes", "--no-copy") == 0
    assert order(programs)[-2:] == ["stack import", "pulumi up"]


@pytest.mark.guarantee("a release that goes")
def test_an_up_that_fails_can_be_gone_on_with(
    verb: Callable[..., int], world: Any, programs: Programs, stack_file: Path, capsys: Any
) -> None:
    world(up=7)
    assert remove(verb, "--yes") == 7
    left = stack_file.read_text()
    assert "second" not in left
    world()
    assert remove(verb, "--yes") == 0
    assert stack_file.read_text() == left
    world(state=STATE[:1])
    assert remove(verb, "--yes") == 2
    assert "local has no release second, in its file or its state; it has main" in capsys.readouterr().err
    assert remove(verb, "--yes", "--drop", "airflow_second") == 0, "and its database later"


def test_secrets_of_an_entry_that_a_person_took_out(verb: Callable[..., int], world: Any, stack_file: Path) -> None:
    text = stack_file.read_text()
    stack_file.write_text(text.replace("    - name: second # the other\n      executor: LocalExecutor\n", ""))
    world(state=STATE[:1])
    assert remove(verb, "--yes") == 0
    assert "airflow:second." not in stack_file.read_text()


def test_the_only_release_is_not_removed(verb: Callable[..., int], world: Any, stack_file: Path, capsys: Any) -> None:
    stack_file.write_text(stack_text.without_release(stack_file.read_text(), stack_file, "airflow", "second"))
    world(state=STATE[:1])
    assert remove(verb, "--yes", release="main") == 2
    assert "`make destroy STACK=local" in capsys.readouterr().err


BLOCK = """\
config:
  airflow:releases:
    - name: a
    - name: b
      x: [1,
        2]
  airflow:b.jwtSecret:
    secure: v1:b
"""
NESTED = """\
config:
  airflow:b.jwtSecret:
    secure: v1:b
  airflow:releases:
  - config:
      core:
        k: v
    name: b

  # a's
  - name: a"""
MIXED = "config:\n  airflow:b.jwtSecret: {secure: v1:b}\n  airflow:releases: [{name: b}, {name: a}]\n"
FLOW = "config: {airflow:releases: [{name: a}, {name: b}], airflow:b.jwtSecret: {secure: v1:b}}\n"


@pytest.mark.parametrize("text", [BLOCK, NESTED, MIXED, FLOW])
def test_every_way_of_writing_an_entry(text: str) -> None:
    made = stack_text.without_release(text, Path("Pulumi.dev.yaml"), "airflow", "b")
    assert yaml.safe_load(made) == {"config": {"airflow:releases": [{"name": "a"}]}}
    assert ("# a's" in made) == ("# a's" in text)


def test_what_cannot_be_cut_out_is_left_to_a_person() -> None:
    text = "config:\n  airflow:releases:\n    - &one {name: b}\n    - {name: a, same: *one}\n"
    with pytest.raises(OpsError, match="by hand"):
        stack_text.without_release(text, Path("Pulumi.dev.yaml"), "airflow", "b")


@pytest.mark.parametrize(("home", "program", "words"), [
    (".", "aws", ["rds create-db-snapshot --region", "--db-instance-identifier airflow-production-",
                  "rds wait db-snapshot-available"]),
    ("examples/azure", "az", ["postgres flexible-server backup create --resource-group airflow-production"]),
])  # fmt: skip
def test_a_managed_server_gets_a_snapshot(
    programs: Programs, home: str, program: str, words: list[str], capsys: Any
) -> None:
    stack = Stack("production", ROOT / home)
    plan = planning.make(Request("production", ROOT / home)).plan
    with pytest.raises(OpsError, match=rf"{program} is not on the PATH.*ARGS=--no-copy"):
        last_copy.take(stack, plan, "second")
    programs.add(program)
    last_copy.take(stack, plan, "second")
    assert [any(word in str(call) for call in programs.calls()) for word in words] == [True] * len(words)
    assert "snapshot before-second-went-" in capsys.readouterr().out
    programs.answer((program, {"code": 1, "err": "AccessDenied"}))
    with pytest.raises(OpsError, match="nothing was changed: AccessDenied"):
        last_copy.take(stack, plan, "second")
