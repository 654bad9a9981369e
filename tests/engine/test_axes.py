"""The plan is the engine's preview whatever a stack is made of: each value of each axis stands in one of the stacks."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine import parity, stacks
from tests.engine.providers.server import Clouds
from tests.program.axes import CONTROLLERS, DAGS, EXECUTORS, LOGS, SIZES, STATES, stack_file

BASES = (("local", "."), ("integration", "."), ("integration", "examples/azure"))


def drawn() -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """As few as hold each value once on each base; production is shipped, and compared as it is (`test_life.py`)."""
    for base, number in itertools.product(BASES, range(len(EXECUTORS))):
        local, state = base[0] == "local", STATES[number % len(STATES)]
        on = "off" if local else state  # an existing cluster brings no zone
        parts = dict.fromkeys(("ingress", "certificates", "monitoring"), state)
        yield (
            base,
            {
                "tier": "local" if local else ("integration", "local")[number % 2],
                "size": SIZES[number % len(SIZES)],
                "ephemeral": bool(number % 2),
                "controller": CONTROLLERS[number % len(CONTROLLERS)],
                "parts": {**parts, "dns": on, "keda": "on", "chaos": ("on", "off")[number % 2]},
                # the official image holds no canary, which the integration stacks ask for
                "dags": [one for one in DAGS if local or one["kind"] != "image"][number % (4 if local else 3)],
                "executor": EXECUTORS[number],
                "logs": [one for one in LOGS if not local or one != OBJECT_STORE][number % (2 if local else 3)],
            },
        )


OBJECT_STORE = {"kind": "objectStore"}


def _title(value: Any) -> str:
    return str(value["executor"]["executor"]) if isinstance(value, dict) else "/".join(value)


@pytest.mark.parametrize(("base", "axes"), list(drawn()), ids=_title)
def test_the_plan_is_the_engines_preview(
    base: tuple[str, str], axes: dict[str, Any], clouds: Clouds, tmp_path: Path
) -> None:
    name, folder = base
    content = stack_file(name, folder, axes)
    stack = stacks.begin(tmp_path, clouds, name, folder, content=yaml.safe_dump(content))
    assert list(parity.differences(stacks.plan(stack), stack.preview())) == []
