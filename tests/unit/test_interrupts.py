"""Ctrl-C while a command line is still being loaded."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# in place of a library that every command line loads: it says so, and takes long
SLOW = "import sys, time\nsys.stdout.write('loading\\n')\nsys.stdout.flush()\ntime.sleep(60)\n"


@pytest.mark.parametrize("module", ["infra.preview", "local", "ops", "ops.secret"])
def test_ctrl_c_ends_a_verb_that_is_being_loaded_without_a_traceback(module: str, tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(SLOW)
    with subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout
        assert command.stdout.readline() == "loading\n"
        command.send_signal(signal.SIGINT)
        _, told = command.communicate(timeout=30)
    assert command.returncode == -signal.SIGINT  # 130 to a shell
    assert told == ""


@pytest.mark.parametrize("module", ["infra.preview", "local", "ops", "ops.secret"])
def test_a_loaded_verb_hears_ctrl_c_itself(module: str) -> None:
    """What a verb does about it, such as an orderly end of what it started, is by Python's exception."""
    code = (
        "import runpy, signal, sys; from contextlib import suppress\n"
        f"sys.argv = ['{module}', '--no-such-option']\n"
        "with suppress(SystemExit):\n"
        f"    runpy.run_module('{module}', run_name='__main__', alter_sys=True)\n"
        "raise SystemExit(signal.getsignal(signal.SIGINT) is not signal.default_int_handler)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True).returncode == 0
