"""`dump` and `restore`, with a kubectl that notes how it is called."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.fakes import Programs

JOB = {
    "spec": {
        "backoffLimit": 3,
        "template": {"spec": {"containers": [{"name": "postgres", "env": [{"name": "PGUSER", "value": "x"}]}]}},
    }
}


def ended(how: str) -> str:
    return json.dumps({"status": {"conditions": [{"type": how, "status": "True"}]}})


def pod(code: int) -> str:
    status = {"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"exitCode": code}}}]}
    return json.dumps(
        {"items": [{"metadata": {"name": "p", "creationTimestamp": "2026-11-21T00:00:00Z"}, "status": status}]}
    )


def ready_to_restore(programs: Programs, code: int = 0, running: str = "") -> None:
    programs.add("kubectl")
    programs.answer(
        ("get job postgres-restore-by-hand --namespace airflow-local-database --ignore-not-found", {"out": running}),
        ("get job postgres-dump-by-hand --namespace airflow-local-database --ignore-not-found", {"out": running}),
        ("get job", {"out": ended("Failed" if code else "Complete")}),
        ("create job", {"out": json.dumps(JOB)}),
        ("get pods", {"out": pod(code)}),
        ("logs", {"out": "restored airflow_main\n"}),
    )


def test_a_restore_is_the_job_that_the_stack_holds_ready(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path
) -> None:
    ready_to_restore(programs)
    assert verb("restore", "--dump", "latest", "--database", "airflow_main", "--yes") == 0
    from_cron, create = [call for call in programs.calls() if "create" in call.arguments]
    assert "--from=cronjob/postgres-restore" in from_cron.arguments
    assert "airflow-local-database" in from_cron.arguments
    (container,) = json.loads(create.given)["spec"]["template"]["spec"]["containers"]
    assert {entry["name"]: entry["value"] for entry in container["env"]} == {
        "PGUSER": "x",
        "DUMP": "latest",
        "DATABASE": "airflow_main",
    }


def test_a_restore_asks_and_a_list_does_not(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_to_restore(programs)
    monkeypatch.setattr("sys.stdin", (kubeconfig.parent / "kubeconfig").open())  # no answer of a person
    assert verb("restore", "--dump", "latest") == 1
    assert not programs.calls()
    assert verb("restore") == 0
    (create,) = [call for call in programs.calls() if call.given]
    assert '"DUMP"' not in create.given


def test_a_failed_restore_is_a_failed_verb(verb: Callable[..., int], programs: Programs, kubeconfig: Path) -> None:
    ready_to_restore(programs, code=2)
    assert verb("restore", "--dump", "20200101T000000Z", "--yes") == 2


def test_two_restores_at_once_are_refused(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    ready_to_restore(programs, running='{"status": {"active": 1}}')
    assert verb("restore", "--dump", "latest", "--yes") == 2
    assert "is running" in capsys.readouterr().err
    assert not [call for call in programs.calls() if call.given]
    ready_to_restore(programs, running='{"status": {}}')
    assert verb("restore", "--dump", "latest", "--yes") == 2, "one that was made this moment is not active yet"


def test_a_dump_now(verb: Callable[..., int], programs: Programs, kubeconfig: Path) -> None:
    ready_to_restore(programs, running=ended("Complete"))
    assert verb("dump") == 0
    (create,) = [json.loads(call.given) for call in programs.calls() if call.given]
    assert create["spec"]["backoffLimit"] == 0, "its log and exit code are the first try's"
    said = [str(call) for call in programs.calls()]
    assert any("delete job postgres-dump-by-hand" in text for text in said), "a finished one makes room"
    assert any("--from=cronjob/postgres-dump" in text for text in said)


def test_a_database_elsewhere_is_not_restored_here(
    verb: Callable[..., int], programs: Programs, stacks: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    file = stacks / "Pulumi.local.yaml"
    external = f"kind: external\n      host: db.acme.org\n      caFile: {tmp_path}/ca.pem"
    file.write_text(file.read_text().replace("kind: cluster", external))
    assert verb("restore", "--dump", "latest", "--yes") == 2
    assert "outside of the cluster" in capsys.readouterr().err
