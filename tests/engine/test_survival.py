"""What a stack survives, and by which recovery."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.preview.planning import ROOT
from tests.engine import stacks, survival
from tests.engine.engine import Stack
from tests.engine.providers.server import Clouds

SEEN = ROOT / "build" / "survival"
"""What the runs saw, a file each: `python -m tests.engine.table` writes docs/survival.md from it."""
Scenario = Callable[[Stack], str]


@pytest.mark.parametrize("scenario", survival.SCENARIOS)
def test_survives(scenario: Scenario, shipped: tuple[str, str], clouds: Clouds, tmp_path: Path) -> None:
    _note(scenario, shipped, scenario(stacks.begin(tmp_path, clouds, *shipped)))


def _note(scenario: Scenario, shipped: tuple[str, str], seen: str) -> None:
    SEEN.mkdir(parents=True, exist_ok=True)
    name = "-".join((scenario.__name__, *shipped)).replace("/", "-")
    (SEEN / f"{name}.json").write_text(
        json.dumps({"scenario": scenario.__name__, "stack": "/".join(shipped), "seen": seen})
    )
