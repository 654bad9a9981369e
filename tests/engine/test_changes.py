"""What changes on a running stack: the plan's difference is what the engine does, and what holds data stays."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.engine import changes, stacks, table
from tests.engine.change_cases import BEFORE, CHANGES
from tests.engine.changes import Change, Running, Shipped
from tests.engine.providers import wire
from tests.engine.providers.server import Clouds


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Change], Running]]:
    """The stack of a change, which stands, and to which one change after another is made."""
    standing: dict[Shipped, Running] = {}
    with contextlib.ExitStack() as until_the_end:

        def of(change: Change) -> Running:
            if change.stack not in standing:
                clouds = until_the_end.enter_context(Clouds())
                folder = tmp_path_factory.mktemp("running")
                stack = stacks.begin(folder, clouds, *change.stack, BEFORE[change.stack])
                standing[change.stack] = Running.begin(stack)
            return standing[change.stack]

        yield of


def _those(refused: bool) -> list[Any]:
    return [
        pytest.param(one, id=f"{'/'.join(one.stack)}-{one.name}", marks=pytest.mark.xdist_group(f"changes {one.stack}"))
        for one in CHANGES
        if bool(one.refused) == refused
    ]


@pytest.mark.parametrize("change", _those(refused=False))
@pytest.mark.guarantee("a plan's difference is what the engine does")
def test_a_change(running: Callable[[Change], Running], change: Change) -> None:
    seen = running(change).make(change)
    planned, did = seen.planned, seen.did
    if seen.previewed is not None:
        assert sorted(parity_of(planned, seen.previewed)) == []
        assert sorted(parity_of(changes.acted_on(seen.previewed), did)) == []
    assert sorted(parity_of(changes.acted_on(planned), did)) == []
    assert {wire.token(urn) for urn in seen.lost} == change.loses
    assert {one.resource.urn for one in seen.difference.changes if one.loses_data} == seen.lost
    asked = {one.resource.urn for one in seen.difference.changes if one.resource.options.delete_before_replace}
    assert asked & {urn for urn, kind in did.items() if kind == "replaced"} <= seen.old_first
    assert seen.again.code == 0, seen.again.text[-3000:]
    assert seen.leaks == []
    table.note("changes", change.name, change.stack, changes.row(change, seen))


@pytest.mark.parametrize("change", _those(refused=True))
@pytest.mark.guarantee("a stack that stands keeps its names")
def test_a_change_is_refused(running: Callable[[Change], Running], change: Change) -> None:
    one = running(change)
    world = one.stack.checkout.clouds.world
    mark = len(world.events)
    said, up = one.refuse(change)
    assert change.refused in said
    assert up.code
    assert change.refused in up.text
    assert [event for event in world.events[mark:] if event.did in ("create", "update", "delete")] == []
    table.note("changes", change.name, change.stack, changes.row(change, None))


def parity_of(foreseen: Mapping[str, str], came: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Where they differ. What was foreseen to change may stay: a value that was not known turns out the same."""
    for urn in foreseen.keys() | came.keys():
        one, other = foreseen.get(urn, "–"), came.get(urn, "–")
        if one != other and (one, other) != ("changed", "–"):
            yield urn, one, other
