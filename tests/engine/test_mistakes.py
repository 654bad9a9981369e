"""These tests can fail: each seeded mistake is noticed, and the program as it is gives nothing to notice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import stacks, watch
from tests.engine.engine import Stack
from tests.engine.mistakes import AWS, MISTAKES, Mistake
from tests.engine.providers.server import Clouds

LOCAL = ("local", ".")


@pytest.fixture(scope="session", params=[LOCAL, AWS], ids="/".join)
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that the program as it is has made."""
    with Clouds() as clouds:
        stack = stacks.begin(tmp_path_factory.mktemp("standing"), clouds, *request.param)
        stack.up()
        yield stack


def _of(shipped: tuple[str, str]) -> list[Mistake]:
    return [mistake for mistake in MISTAKES if mistake.noticed == "standing" and mistake.stack == shipped]


@pytest.mark.parametrize(
    ("standing", "mistake"),
    [(shipped, mistake) for shipped in (LOCAL, AWS) for mistake in (None, *_of(shipped))],
    indirect=["standing"],
    ids=lambda value: getattr(value, "name", None) or ("none" if value is None else "/".join(value)),
)
@pytest.mark.xdist_group("standing")
def test_a_stack_that_stands_notices(standing: Stack, mistake: Mistake | None) -> None:
    if mistake is None:
        assert list(watch.standing(standing)) == []
        return
    file = standing.checkout.project / mistake.file
    good = file.read_text()
    said = len(standing.checkout.said)
    try:
        seed(standing, mistake)
        noticed = list(watch.standing(standing))
    finally:
        file.write_text(good)
        del standing.checkout.said[said:]
    assert [one for one in noticed if mistake.seen in one], noticed


@pytest.mark.parametrize(
    "mistake", [one for one in MISTAKES if one.noticed == "first"], ids=lambda mistake: mistake.name
)
def test_a_first_up_notices(mistake: Mistake, clouds: Clouds, tmp_path: Path) -> None:
    stack = stacks.begin(tmp_path, clouds, *mistake.stack)
    seed(stack, mistake)
    noticed = list(watch.first(stack))
    assert [one for one in noticed if mistake.seen in one], noticed


def seed(stack: Stack, mistake: Mistake) -> None:
    file = stack.checkout.project / mistake.file
    text = file.read_text()
    assert text.count(mistake.old) == 1, f"{mistake.name}: {mistake.file} has changed, find the line again"
    file.write_text(text.replace(mistake.old, mistake.new))
