"""How the tests wait: for what is to come, and not by the clock of a quiet machine."""

import time
from collections.abc import Callable
from typing import Any

# seconds: for what hangs, and no measure of how fast a thing is, whatever else the machine does
PATIENCE = 300


def until(ready: Callable[[], Any], what: str) -> Any:
    """Poll until `ready()` is true and return it; fail with what was waited for."""
    end = time.monotonic() + PATIENCE
    while not (result := ready()):
        assert time.monotonic() < end, f"{what}: not within {PATIENCE} s"
        time.sleep(0.3)
    return result
