"""The plan is the engine's preview whatever a stack is made of: each value of each axis stands in one of the stacks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine import parity, stacks
from tests.engine.providers.server import Clouds
from tests.program.axes import CONTROLLERS, DAGS, EXECUTORS, LOGS, SIZES, STATES, stack_file

PARTS = ("ingress", "certificates", "dns", "monitoring", "keda")
BASES = (("local", "."), ("integration", "."), ("integration", "examples/azure"))


def drawn() -> Iterator[dict[str, Any]]:
    """As few as hold each value once; production is shipped and compared as it is (`test_life.py`)."""
    for number in range(max(map(len, (DAGS, EXECUTORS, LOGS)))):
        state = STATES[number % len(STATES)]
        yield {
            "tier": ("integration", "local")[number % 2],
            "size": SIZES[number % len(SIZES)],
            "ephemeral": bool(number % 2),
            "controller": CONTROLLERS[number % len(CONTROLLERS)],
            # KEDA is asked for by one executor, and a zone that the program makes is its own to name
            "parts": {**dict.fromkeys(PARTS, state), "keda": "on", "chaos": ("on", "off")[number % 2]},
            "dags": DAGS[number % len(DAGS)],
            "executor": EXECUTORS[number],
            "logs": LOGS[number % len(LOGS)],
        }


@pytest.mark.parametrize("axes", drawn(), ids=lambda axes: str(axes["executor"]["executor"]))
@pytest.mark.parametrize("base", BASES, ids="/".join)
def test_the_plan_is_the_engines_preview(
    base: tuple[str, str], axes: dict[str, Any], clouds: Clouds, tmp_path: Path
) -> None:
    name, folder = base
    content = stack_file(name, folder, axes)
    stack = stacks.begin(tmp_path, clouds, name, folder, content=yaml.safe_dump(content))
    assert list(parity.differences(stacks.plan(stack), stack.preview())) == []
