"""Which processes belong to a checkout's local environment, and the end of those that outlived it.

Tasks leave their parent's process group (Airflow gives each one of its own, Jupyter a session), so groups do not find
them. What they all keep is their environment: every process carries the checkout's path and its service's name in it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

CHECKOUT = "AIRFLOW_LOCAL_CHECKOUT"
SERVICE = "AIRFLOW_LOCAL_SERVICE"


def of(checkout: Path, service: str | None = None) -> Iterator[psutil.Process]:
    """The living processes of the checkout, or of one of its services; the caller and its parents left out."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid in own:
            continue
        try:
            environment = process.environ()
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
        except (psutil.Error, OSError):  # gone meanwhile, or another user's
            continue
        if environment.get(CHECKOUT) == str(checkout) and service in (None, environment.get(SERVICE)):
            yield process


def sweep(checkout: Path, service: str | None = None) -> int:
    """Kill what `of` finds until nothing is left, children born meanwhile included; how many there were."""
    killed = 0
    while found := list(of(checkout, service)):
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=5)
        killed += len(found)
    return killed


def checkout_of(pid: int) -> str | None:
    """The checkout whose local environment a process belongs to, if it does and may be asked."""
    try:
        return psutil.Process(pid).environ().get(CHECKOUT)
    except (psutil.Error, OSError):
        return None


def bound_to_parent(sent: signal.Signals) -> Callable[[], None] | None:
    """For `preexec_fn`: the kernel sends the signal when the parent dies; None where there is no such thing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, int(sent))
