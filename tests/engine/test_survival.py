"""What a stack survives, and by which recovery."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import stacks, survival, table
from tests.engine.engine import Stack
from tests.engine.providers.server import Clouds

Scenario = Callable[[Stack], str]


@pytest.mark.parametrize("scenario", survival.SCENARIOS)
@pytest.mark.guarantee("an `up` or a `destroy` that is cut off")
def test_survives(scenario: Scenario, shipped: tuple[str, str], clouds: Clouds, tmp_path: Path) -> None:
    table.note("survival", scenario.__name__, shipped, scenario(stacks.begin(tmp_path, clouds, *shipped)))
