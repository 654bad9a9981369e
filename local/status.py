"""`make status`: what runs, since when, with how much memory, and whether it is healthy."""

from __future__ import annotations

import contextlib
import time

import psutil
from rich.console import Console
from rich.table import Table

from local import health, supervisor
from local.instance import banner, port_of
from local.orphans import of
from local.place import Place
from local.services import SUPERVISED

_MIB = 2**20


def show(place: Place, console: Console) -> int:
    """Print the table; 0 where all is healthy, 1 otherwise."""
    port, states = port_of(place), supervisor.states()
    if port is None or states is None:
        console.print("nothing runs here: `make up` starts Airflow")
        return 1
    healthy = health.check(place, port)
    table = Table("service", "health", "state", "since", "memory", box=None, pad_edge=False)
    for service in SUPERVISED:
        state = states[service.name]
        good = "[green]healthy[/]" if healthy[service.name] else "[red]not healthy[/]"
        since = _ago(time.time() - state.started) if state.up else ""
        table.add_row(service.name, good, state.name.lower(), since, f"{memory(place, service.name) / _MIB:.0f} MiB")
    console.print(table)
    console.print(f"\n{banner(place, port)}")
    return 0 if all(healthy.values()) else 1


def memory(place: Place, service: str | None = None) -> int:
    """The memory of a service's processes, or of all, in bytes.

    On Linux what several processes share is divided among them (PSS); elsewhere it is left out (USS).
    """
    # PostgreSQL's sessions hide their environment, which `of` reads
    processes = {one for found in of(place.checkout, service) for one in (found, *_children(found))}
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            told = process.memory_full_info()
            total += getattr(told, "pss", told.uss)
    return total


def _children(process: psutil.Process) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def _ago(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
