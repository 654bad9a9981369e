"""What every suite needs of the process that runs it: how that was started changes no result."""

import os
import re
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

# A shell starts a background job with Ctrl-C ignored, nohup with the hang-up, and what the tests start would inherit
# that: tests that send one would wait for ever in a CI that runs them so.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

# make tells the makes below it of itself, and hands them what it was given: `make test ARGS=-x` is not meant for those
# of the tests.
OF_MAKE = set(
    ["MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MAKEFILES", "MAKE_TERMOUT", "MAKE_TERMERR"]
)
OF_TERMINALS = {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE"}
OF_THE_MACHINE = {"PYTHON", "DOCKER", "BASE_IMAGE"}  # needed there, whatever is run
MAKEFILES = (ROOT / "Makefile", *(ROOT / "make").glob("*.mk"))
GIVEN = {name for file in MAKEFILES for name in re.findall(r"^([A-Z_]+) \?=", file.read_text(), re.MULTILINE)}

for name in OF_MAKE | OF_TERMINALS | GIVEN - OF_THE_MACHINE:
    os.environ.pop(name, None)

# A busy machine is slow to make examples, too: nothing is wrong with a test then.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep xdist's groups together: xdist 3.8 writes them behind `_nodeid`, which pytest 9.2 no longer reads."""
    for item in items:
        grouped = vars(item).get("_nodeid")
        if grouped is not None and grouped != item.nodeid:
            item._id = type(item._id).parse(grouped)
