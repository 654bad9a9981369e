"""How the tests are started: nothing of it changes what they find, and what is a suite of its own says so."""

import os
import re
import signal
import subprocess
import sys

import pytest

from infra.preview.planning import ROOT

SUITES = re.findall(r"^test-([a-z]+):.*## (.+)", (ROOT / "make/quality.mk").read_text(), re.MULTILINE)
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]


def test_how_they_were_started_reaches_no_test() -> None:
    """As `make -w test ARGS=… STACK=…` in a background job of nohup, in a narrow terminal of one who runs the bot."""
    given = {
        "MAKEFLAGS": "w -- STACK=x",
        "MAKELEVEL": "2",
        "MFLAGS": "-w",
        "GNUMAKEFLAGS": "-w",
        "ARGS": "-x",
        "STACK": "x",
        "COLUMNS": "20",
        "FORCE_COLOR": "1",
        "GITHUB_ACTIONS": "true",
        "DELIVERY": "x",
    }
    files = ("tests/unit/test_local_processes.py", "tests/unit/test_bot_process.py")
    done = subprocess.run(
        [*PYTEST, *files, "-k", "broken_off or ends_its_service or plain_lines or slack_refuses"],
        cwd=ROOT,
        env={**os.environ, **given},
        preexec_fn=lambda: [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_suite_of_its_own_is_collected_by_its_name_alone() -> None:
    folders = sorted({path.parent.name for path in ROOT.glob("tests/*/test_*.py")} - {"charts", "engine", "live"})
    others = [f"--ignore=tests/{folder}" for folder in folders]
    command = [*PYTEST, "--collect-only"]
    whole = subprocess.run([*command, "tests", *others], cwd=ROOT, capture_output=True, text=True, check=False)
    assert whole.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, whole.stdout
    named = subprocess.run([*command, "tests/charts"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert named.returncode == 0, named.stdout


def test_each_suite_of_its_own_is_told_with_what_it_needs() -> None:
    told = subprocess.run(["make", "-s", "suites"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"charts", "live"} <= {name for name, _ in SUITES}
    for name, says in SUITES:
        assert "needs" in says
        assert re.search(rf"make test-{name} +{re.escape(says)}", told)
