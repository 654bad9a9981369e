"""A stack that stands keeps its names: other ones are refused by a plan, by the verbs, and by the program itself."""

import json
from pathlib import Path
from types import SimpleNamespace

import pulumi
import pytest

from infra import standing
from infra.names import NAMES_EXPORT, renaming
from infra.preview import recorder
from infra.preview.monitor import Monitor
from infra.preview.planning import ROOT, Request, make
from tests.program.conftest import PlanOf
from tests.program.stacks import SHIPPED
from tests.program.test_preview_command import call


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
@pytest.mark.guarantee("other names on a stack that stands")
def test_nothing_is_registered_where_the_names_are_others(
    monkeypatch: pytest.MonkeyPatch, stack: str, stacks: str
) -> None:
    made: list[Monitor] = []

    class Kept(Monitor):
        def __init__(self, project: str, stack: str, providers_off: frozenset[str]) -> None:
            super().__init__(project, stack, providers_off)
            made.append(self)

    monkeypatch.setattr(recorder, "Monitor", Kept)
    monkeypatch.setattr(standing, "renaming", lambda _standing, wanted: f"not {wanted}")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    with pytest.raises(Exception, match=r"nothing was changed|not airflow-"):
        make(Request(stack, Path(ROOT, stacks)))
    assert {one.type for one in made[0].resources.values()} <= {"pulumi:pulumi:Stack"}


def test_a_stack_exports_what_its_names_begin_with(plan: PlanOf) -> None:
    assert plan("local").outputs[NAMES_EXPORT] == "airflow-local"
    assert plan("local", ".", "prefix=acme").outputs[NAMES_EXPORT].startswith("acme-")


def test_a_state_that_is_being_written_is_read_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a state in files a reader meets half a file, and the engine's function fails with an EOF."""
    answers: list[object] = [Exception("failed to load checkpoint: EOF")] * 2

    def invoke(token: str, arguments: object) -> SimpleNamespace:
        assert token == standing.READ_EXPORTS
        if answers:
            raise answers.pop()
        return SimpleNamespace(value={"outputs": {NAMES_EXPORT: "acme-1"}})

    monkeypatch.setattr(standing.pulumi.runtime, "invoke", invoke)
    monkeypatch.setattr(standing.time, "sleep", lambda _seconds: None)
    assert standing._exports("organization/airflow/local") == {NAMES_EXPORT: "acme-1"}  # pyright: ignore[reportPrivateUsage]
    answers.extend([Exception("no such bucket")] * 10)
    with pytest.raises(pulumi.RunError, match="no such bucket"):
        standing._exports("organization/airflow/local")  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("before", [None, "", "airflow-local", 7])
def test_what_stands_by_the_same_names_or_by_unknown_ones_goes_on(before: object) -> None:
    assert renaming(before, "airflow-local") is None


@pytest.mark.guarantee("other names on a stack that stands")
def test_a_plan_of_other_names_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, plan: PlanOf
) -> None:
    before = tmp_path / "before.json"
    before.write_text(json.dumps(plan("local").as_json()))
    assert call(monkeypatch, "--stack", "local", "--diff", str(before), "--config", "prefix=acme") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    for words in ("airflow:prefix", "'airflow-local'", "'acme-", "second stack", "docs/operations.md"):
        assert words in shown.err
