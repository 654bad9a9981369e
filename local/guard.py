"""Runs one service and sees to it that nothing of it is left, however it, its parent or the guard itself ends.

`python -m local.guard SERVICE` stands between the supervisor and a service, and between `make up` and the supervisor:
- where standard input is a pipe, it is the parent's: its end means that the parent died, so the service is stopped;
- when the service ends, what it left (tasks, kernels, workers) is ended too, and the supervisor starts it afresh;
- on Linux the service gets its stop signal when the guard is killed. macOS has no such thing: there the next guard of
  the service, or the next `make up` or `make stop`, ends the old one.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from local import launch, services
from local.orphans import SERVICE, sweep


def guard(start: Callable[[], subprocess.Popen[bytes]], stop: signal.Signals, grace: float) -> int:
    """Run what `start` starts until it ends, until SIGTERM, or until the parent's pipe ends; its exit code.

    A service that does not heed its stop signal within `grace` seconds is killed.
    """
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda sent, _: asked.append(sent))
    waiting = [_wakening(), *_pipe_of_parent()]
    service, deadline = start(), None
    while service.poll() is None:
        if asked and deadline is None:
            deadline = time.monotonic() + grace
            service.send_signal(stop)
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            service.kill()
            return service.wait()
        ready, _, _ = select.select(waiting, [], [], left)
        for source in ready:
            if not os.read(source, 512):
                waiting.remove(source)
                asked.append(signal.SIGHUP)
    return service.returncode


def _wakening() -> int:
    """A descriptor that gets readable with every signal, a child's end included: no polling."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return readable


def _pipe_of_parent() -> list[int]:
    entry = sys.stdin.fileno()
    return [entry] if stat.S_ISFIFO(os.fstat(entry).st_mode) else []


def main() -> None:
    """The entry of `python -m local.guard SERVICE`, with the checkout as the working directory."""
    service, checkout = services.named(sys.argv[1]), Path.cwd()
    os.environ[SERVICE] = service.name
    # the supervisor's end is the end of all
    scope = None if service is services.SUPERVISOR else service.name
    sweep(checkout, scope)  # what an earlier guard left that was itself killed
    try:
        code = guard(lambda: launch.start(service, checkout), service.stop, service.grace)
    finally:
        sweep(checkout, scope)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
