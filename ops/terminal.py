"""A program on the user's terminal, which ends when it has ended: Ctrl-C and a supervisor's SIGTERM are its to act on.

Pulumi answers the first signal by an orderly end and a second one by ending at once, which leaves operations pending
and Helm releases locked. So a signal that reached it already is not sent again.
"""

import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


def patiently(command: list[str], **options: Any) -> int:
    """Run a program; its exit code, 128 + N where signal N killed it, as a shell counts.

    `subprocess.run` would kill it a quarter of a second after a Ctrl-C, which the terminal sends to both.
    """
    with _witness() as witness, subprocess.Popen(command, **options) as program:

        def pass_on(number: int, _frame: object) -> None:
            try:
                witness.wait(timeout=0.5)  # gone: the whole process group was told, and the program with it
            except subprocess.TimeoutExpired:
                program.send_signal(number)

        before = signal.signal(signal.SIGTERM, pass_on)
        try:
            code = _end_of(program)
        finally:
            signal.signal(signal.SIGTERM, before)
    return code if code >= 0 else 128 - code


def _end_of(program: subprocess.Popen[Any]) -> int:
    while True:
        try:
            return program.wait()
        except KeyboardInterrupt:
            continue


@contextmanager
def _witness() -> Generator[subprocess.Popen[bytes]]:
    """A process of our group that does nothing but die of the SIGTERM that the whole group gets. It ends with us."""
    with subprocess.Popen(["/bin/sh", "-c", "read _"], stdin=subprocess.PIPE) as witness:
        yield witness
