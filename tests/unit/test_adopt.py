"""`adopt`, with a Pulumi that has a state in which creations are pending."""

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.fakes import Programs

URN = "urn:pulumi:local::airflow::"
NETWORK = {"urn": f"{URN}aws:ec2/vpc:Vpc::network", "type": "aws:ec2/vpc:Vpc", "custom": True, "inputs": {"a": "b"}}
RULE = {"urn": f"{URN}aws:ec2/route:Route::out", "type": "aws:ec2/route:Route", "custom": True}
GROUP = {"urn": f"{URN}airflow:aws:Network::network", "type": "airflow:aws:Network", "custom": False}


def pending(programs: Programs, *operations: dict[str, Any]) -> None:
    programs.add("pulumi")
    deployment = {"resources": [{"urn": f"{URN}x::y"}], "pending_operations": list(operations)}
    programs.answer(("stack export", {"out": json.dumps({"version": 3, "deployment": deployment})}))


def creating(resource: dict[str, Any]) -> dict[str, Any]:
    return {"type": "creating", "resource": resource}


def test_what_was_made_is_taken_up_and_what_was_not_is_forgotten(
    verb: Callable[..., int], programs: Programs, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    updating = {"type": "updating", "resource": NETWORK}
    pending(programs, creating(GROUP), creating(NETWORK), creating(RULE), updating)
    monkeypatch.setattr(sys, "stdin", io.StringIO(" vpc-1 \n\n"))
    assert verb("adopt", "--", "--yes") == 0
    assert "aws:ec2/vpc:Vpc network" in capsys.readouterr().out
    _, stored, refreshed = programs.calls()
    assert stored.arguments[:2] == ["stack", "import"]
    deployment = json.loads(stored.given)["deployment"]
    assert deployment["resources"] == [{"urn": f"{URN}x::y"}, {**NETWORK, "id": "vpc-1"}]
    assert deployment["pending_operations"] == [updating]
    assert refreshed.arguments[:2] == ["refresh", "--yes"]


def test_where_nothing_is_pending_nothing_is_written(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    pending(programs)
    assert verb("adopt") == 0
    assert "no creation of local is pending" in capsys.readouterr().out
    assert [call.arguments[:2] for call in programs.calls()] == [["stack", "export"]]
