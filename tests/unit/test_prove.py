"""What `prove` makes of a stack file, of the engine's events and of the clouds' answers, and what its report says."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview.planning import ROOT, Request
from ops.prove import leftovers, own_stack, steps, verb
from ops.prove.price import estimate
from ops.prove.report import Report, Step
from ops.prove.steps import Proof, StepError
from ops.prove.times import took
from ops.stack import Stack
from tests.unit.fakes import on_path


@pytest.fixture
def stack_with(tmp_path: Path) -> Callable[..., Stack]:
    """A shipped stack, its placeholders filled and more keys set."""

    def make(name: str, stacks: str = ".", **values: Any) -> Stack:
        text = Path(ROOT, stacks, f"Pulumi.{name}.yaml").read_text().replace("CHANGE-ME: ", "")
        content = yaml.safe_load(text)
        content["config"] |= {f"airflow:{key}": value for key, value in values.items()}
        (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(content))
        return Stack(name, tmp_path)

    return make


@pytest.mark.parametrize("stacks", [".", "examples/azure"])
def test_the_copy_of_production_is_ephemeral_and_has_names_of_its_own(
    stack_with: Callable[..., Stack], stacks: str, tmp_path: Path
) -> None:
    source = stack_with("production", stacks, **{"main.fernetKey": {"secure": "v1:x"}})
    content = own_stack.content(source, "prove-1a2b")
    (tmp_path / "Pulumi.prove-1a2b.yaml").write_text(yaml.safe_dump(content))
    made = Stack("prove-1a2b", tmp_path)
    assert made.settings.ephemeral
    assert made.settings.tier.value == "integration"
    assert made.secret_keys == set(), "no secret of production is in it"
    assert "letsencrypt-prod" not in str(content)
    for before, after in zip(source.settings.releases, made.settings.releases, strict=True):
        assert after.host == f"prove-1a2b-{before.host}"
        assert after.in_namespace == f"prove-1a2b-{before.name}"
    assert made.names.resource() != source.names.resource()


def test_the_price_is_that_of_the_hours(stack_with: Callable[..., Stack]) -> None:
    source = stack_with("integration")
    found = estimate(source.settings, Request("integration", source.folder))
    assert found.usd is not None
    assert found.usd == pytest.approx(source.settings.sized.aws.price.usd * found.seconds / 3600 / 730)
    assert found.seconds > found.planned.eightfold
    local = Stack("local")
    assert estimate(local.settings, Request("local")).usd is None


def events(folder: Path) -> Path:
    urn = "urn:pulumi:prove::airflow::a:x:A$aws:rds/instance:Instance::database"
    same = "urn:pulumi:prove::airflow::aws:ec2/vpc:Vpc::network"
    made = [
        {"timestamp": 100, "preludeEvent": {"config": {}}},
        {"timestamp": 103, "resourcePreEvent": {"metadata": {"op": "create", "urn": urn}}},
        {"timestamp": 104, "resourcePreEvent": {"metadata": {"op": "same", "urn": same}}},
        {"timestamp": 423, "resOutputsEvent": {"metadata": {"op": "create", "urn": urn}}},
    ]
    file = folder / "events.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in made))
    return file


def test_times_come_from_the_engines_events(tmp_path: Path) -> None:
    (found,) = took(events(tmp_path)).values()
    assert (found.start, found.seconds) == (3, 320)


def report(source: Stack, *done: Step) -> Report:
    began = datetime.datetime(2026, 12, 1, 8, 0, tzinfo=datetime.UTC)
    foreseen = estimate(source.settings, Request(source.name, source.folder))
    return Report(source.name, source.settings, "abc", began, foreseen, done, {})


def test_the_report_says_what_failed_and_what_was_not_looked_at(stack_with: Callable[..., Stack]) -> None:
    source = stack_with("integration")
    bad = report(source, Step("up", 1200, "9 resources"), Step("mail", 0), Step("canary", 3, failed="no | answer"))
    assert not bad.good
    for line in (
        "| up | 20 min 00 s | 9 resources |",
        "| mail | 0 s | not looked at: the stack has none |",
        "| canary | 3 s | **failed**: no \\| answer |",
        "**Not all steps held.**",
        "| Cluster cluster | 9 min 00 s | – |",
    ):
        assert line in str(bad), str(bad)
    assert "123456789012" not in str(bad), "no account is told"
    assert report(source, Step("up", 1, "x")).good


@pytest.mark.parametrize(("name", "program"), [(".", "aws"), ("examples/azure", "az")])
def test_what_is_left_is_found_by_tags(
    stack_with: Callable[..., Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, program: str
) -> None:
    source, programs = stack_with("integration", name), on_path(tmp_path / "bin", monkeypatch)
    programs.add(program)
    left, going = "arn:aws:ec2:eu-west-1:1:volume/v", "arn:aws:kms:eu-west-1:1:key/k"
    if program == "az":
        left = "/subscriptions/s/disk"
        mine, other = {"project": "airflow", "stack": "integration"}, {"project": "other", "stack": "integration"}
        answer: Any = [{"id": left, "tags": mine}, {"id": "/subscriptions/s/x", "tags": other}]
    else:
        answer = {"ResourceTagMappingList": [{"ResourceARN": left}, {"ResourceARN": going}]}
    programs.answer((program, {"out": json.dumps(answer)}))
    assert leftovers.standing(source) == ([left], [going] if program == "aws" else [])
    assert "integration" in str(programs.calls()[0])
    with pytest.raises(StepError, match="1 still carry its tags"):
        verb._nothing_left(Proof(source))  # pyright: ignore[reportPrivateUsage]
    programs.answer((program, {"err": "not allowed", "code": 1}))
    with pytest.raises(Exception, match="not allowed"):
        leftovers.standing(source)


def test_a_log_that_does_not_come_back_fails(stack_with: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    proof = Proof(stack_with("integration"))
    monkeypatch.setattr(Proof, "verb", lambda *_: "canary success after 3 s")
    assert steps.canary(proof) == "1 releases ran it"
    with pytest.raises(StepError, match="in no log"):
        steps.log(proof)
    monkeypatch.setattr(Proof, "verb", lambda *_: "    started 1.5 s after its time\ncanary success after 3 s")
    assert steps.canary(proof)
    assert steps.log(proof)


def test_mail_is_asked_for_where_a_release_sends_any(stack_with: Callable[..., Stack]) -> None:
    source = stack_with("integration")
    assert steps.mail(Proof(source)) is None
    releases = yaml.safe_load(source.file.path.read_text())["config"]["airflow:releases"]
    releases[0]["email"] = {"host": "smtp.acme.org", "sender": "a@acme.org"}
    with pytest.raises(StepError, match="MAIL="):
        steps.mail(Proof(stack_with("integration", releases=releases)))
