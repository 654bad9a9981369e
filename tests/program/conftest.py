"""The whole program's plan per stack file, each made once a session."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from infra.preview import planning
from infra.preview.model import Plan

PlanOf = Callable[..., Plan]


@cache
def _plan(stack: str, stacks: str, config: tuple[str, ...]) -> Plan:
    return planning.make(planning.Request(stack, Path(planning.ROOT, stacks), config)).plan


@pytest.fixture(scope="session")
def plan() -> PlanOf:
    """`plan(stack, stacks=".", *config)`: the plan of a stack file as typed values, with what-if `KEY=VALUE` texts."""

    def of(stack: str, stacks: str = ".", *config: str) -> Plan:
        return _plan(stack, stacks, config)

    return of
