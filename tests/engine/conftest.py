"""The shipped stacks on the engine: each lives once a session, and what was seen of it is what the tests look at."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.life import SHIPPED, Life, live
from tests.engine.providers.server import Clouds

Begin = Callable[[str], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one stack stay with one worker, so that it lives once."""
    for item in items:
        call = getattr(item, "callspec", None)
        shipped = call.params.get("shipped") if call and Path(__file__).parent in item.path.parents else None
        if shipped is not None:
            item.add_marker(pytest.mark.xdist_group("/".join(shipped)))


@pytest.fixture(scope="session", autouse=True)
def _engine() -> None:
    missing = [name for name in ("pulumi", "pulumi-language-python") if not shutil.which(name)]
    if missing:
        pytest.exit(f"not on PATH: {', '.join(missing)}; `make test-engine` says what it needs", returncode=2)


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    """Empty clouds."""
    with Clouds() as clouds:
        yield clouds


@pytest.fixture(scope="session", params=SHIPPED, ids="/".join)
def shipped(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A stack file that ships: the stack's name, and the folder of the file."""
    return request.param


@pytest.fixture(scope="session")
def life(shipped: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Life:
    """That stack from its first preview to `destroy`."""
    return live(tmp_path_factory.mktemp("life"), *shipped)
