"""A Job by hand that does not go well, with a kubectl that answers as a real API server did (Kubernetes 1.34)."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops import job
from ops.cluster import Cluster
from ops.errors import OpsError
from tests.unit.fakes import Programs, on_path

CREATED = {"spec": {"template": {"spec": {"containers": [{"name": "main"}]}}}}
NO_IMAGE = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "registry.example.org/none:1"'}
NO_NODE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}
OVER = {"type": "Failed", "status": "True", "message": "Job was active longer than specified deadline"}


def items(*listed: Any) -> dict[str, str]:
    return {"out": json.dumps({"items": listed})}


def pod(phase: str, **status: Any) -> dict[str, str]:
    named = {"name": "by-hand-x7k2p", "creationTimestamp": "2026-11-26T02:20:57Z"}
    return items({"metadata": named, "status": {"phase": phase, **status}})


def quota(suffix: str) -> dict[str, str]:
    return {"message": f'Error creating: pods "dump-by-hand-{suffix}" is forbidden: exceeded quota: q'}


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = on_path(tmp_path / "bin", monkeypatch)
    programs.add("kubectl")
    monkeypatch.setattr(job, "_PATIENCE", 2)
    monkeypatch.setattr(job.time, "sleep", lambda _: None)
    return programs


def run(kubectl: Programs, *answers: tuple[str, dict[str, str]]) -> int:
    made = ("create job", {"out": json.dumps(CREATED)})
    kubectl.answer(("--ignore-not-found -o json", {}), made, *answers)
    return job.run_job(Cluster(), "there", "dump", {"A": "b"})


def deleted(kubectl: Programs) -> bool:
    return any(call.arguments[:3] == ["delete", "job", "dump-by-hand"] for call in kubectl.calls())


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([("get pods", pod("Pending", containerStatuses=[{"state": {"waiting": NO_IMAGE}}]))], "ImagePullBackOff: "),
        ([("get pods", pod("Pending", conditions=[NO_NODE]))], "0/1 nodes are available"),
        ([("get pods", items()), ("get events", items(quota("ncxhm")))], '"dump-by-hand" is forbidden: exceeded quota'),
        ([("get pods", items()), ("get events", {"code": 1, "err": "Forbidden"})], "nothing says why"),
    ],
)  # fmt: skip
def test_one_that_does_not_begin_says_why_once_and_is_taken_away(
    answers: list[Any], why: str, kubectl: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OpsError, match="did not start in 2 s: ") as refused:
        run(kubectl, *answers)
    assert why in str(refused.value)
    assert capsys.readouterr().err.count("waits: ") == (why != "nothing says why")
    assert deleted(kubectl), "nobody waits for it any more"


def test_one_whose_pod_a_deadline_took_fails_with_kubernetes_words(
    kubectl: Programs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job, "_await_pod", lambda *_: "by-hand-x7k2p")
    ended = {"out": json.dumps({"status": {"conditions": [OVER]}})}
    assert run(kubectl, ("get pods", items()), ("get job", ended)) == 1
    assert "Job was active longer than specified deadline" in capsys.readouterr().err


@pytest.mark.parametrize("begun", [True, False])
def test_ctrl_c_leaves_one_that_has_begun_and_no_other(
    begun: bool, kubectl: Programs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    if begun:
        monkeypatch.setattr(job, "subprocess", SimpleNamespace(run=interrupted))
    else:
        monkeypatch.setattr(job.time, "sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(kubectl, ("get pods", pod("Running" if begun else "Pending")))
    assert deleted(kubectl) != begun
    assert ("goes on" in capsys.readouterr().err) == begun
