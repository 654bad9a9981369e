"""A second release comes and goes, and nothing of the first one changes in the plan of any shipped stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.preview import diff, yaml12
from infra.preview.diff import Diff
from infra.preview.planning import ROOT
from tests.program.conftest import PlanOf
from tests.program.stacks import SHIPPED


def releases(stack: str, home: str) -> list[dict[str, Any]]:
    file = Path(ROOT, home, f"Pulumi.{stack}.yaml")
    return yaml12.load(file.read_text(), str(file))["config"]["airflow:releases"]


def second(first: dict[str, Any], number: int) -> dict[str, Any]:
    """As the first, at an address of its own; once on Celery, which brings a broker and roles."""
    host = {"host": first["host"].replace("airflow", "second", 1)} if "host" in first else {}
    celery = {"executor": "CeleryExecutor", "celery": {"broker": "rabbitmq"}} if number else {}
    return {**first, "name": "second", **host, **celery}


#: What is the whole stack's and names its releases: the alerts.
SHARED = "PrometheusRule::prometheusrule-airflow"


@pytest.mark.parametrize("number", [0, 1], ids=["alike behind", "celery in front"])
@pytest.mark.parametrize(("stack", "home"), SHIPPED)
def test_the_first_release_is_left_alone(plan: PlanOf, stack: str, home: str, number: int) -> None:
    there = releases(stack, home)
    new = second(there[0], number)
    alone = plan(stack, home)
    both = plan(stack, home, f"releases={json.dumps([new, *there] if number else [*there, new])}")
    comes, goes = diff.compare(alone, both), diff.compare(both, alone)
    assert len(comes.of_kind("created")) > 20
    assert touched(comes, "created") == []
    assert touched(goes, "deleted") == []
    assert urns(goes, "deleted") == urns(comes, "created")
    assert not [urn for urn in urns(comes, "created") if "second" not in urn.rpartition("$")[2]]


def urns(difference: Diff, kind: str) -> set[str]:
    return {change.resource.urn for change in difference.of_kind(kind)}


def touched(difference: Diff, but: str) -> list[str]:
    shown = (f"{change.kind} {change.resource.urn}" for change in difference.changes if change.kind != but)
    return [one for one in shown if not (one.startswith("changed ") and one.endswith(SHARED))]
