"""How the tests are started: nothing of it changes what they find, and what is a suite of its own says so."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

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


def test_what_shares_a_fixture_stays_with_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_group.py").write_text(
        "import os, pathlib, pytest\n"
        '@pytest.mark.xdist_group("one")\n'
        '@pytest.mark.parametrize("number", range(8))\n'
        "def test_it(number):\n"
        '    pathlib.Path(__file__).with_name(f"{number}.seen").write_text(os.environ["PYTEST_XDIST_WORKER"])\n'
    )
    command = [
        *PYTEST,
        "-p",
        "tests.conftest",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    workers = [file.read_text() for file in tmp_path.glob("*.seen")]
    assert len(workers) == 8
    assert len(set(workers)) == 1
