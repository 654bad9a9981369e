"""Runs a Pulumi program under a monitor that answers as a first preview does, and keeps what it registers.

No CLI, no provider plugin, no network. What the engine would refuse (a URN twice, a resource of a package whose
default provider is switched off) is collected and raised at the end as one `ProgramError`.
"""

import asyncio
import contextlib
import gc
import json
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pulumi

from infra.preview import sdk
from infra.preview.errors import InputError
from infra.preview.model import Resource
from infra.preview.monitor import Callbacks, Engine, Monitor

Program = Callable[[], Mapping[str, Any]]


class ProgramError(Exception):
    """The program does what the engine would refuse or what a plan cannot show: ours to repair, not the user's."""


@dataclass(frozen=True)
class Recording:
    """What one run registered: resources sorted by URN, the Stack's exports (masked), warnings in sorted order."""

    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]
    warnings: tuple[str, ...]


def record(
    program: Program,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    secret_keys: frozenset[str] = frozenset(),
    root: str = ".",
) -> Recording:
    """Run `program` (it returns the exports) as the first preview of `stack` and return what it registered.

    `config` is flat as the CLI hands it over: keys with their namespace, objects as JSON text.
    Raises what the program raises, and `ProgramError`.
    """
    monitor = Monitor(project, stack, _providers_off(config))
    engine = Engine()

    async def main() -> None:
        for name, value in program().items():
            pulumi.export(name, value)
        await _settled()

    async def run() -> None:
        sdk.enter(
            monitor,
            engine,
            Callbacks(),
            project=project,
            stack=stack,
            root=root,
            config=dict(config),
            secret_keys=sorted(secret_keys),
        )
        await sdk.run(main)

    with _hurried():
        asyncio.run(run())
    defects = sorted({*monitor.defects, *engine.errors})
    if defects:
        raise ProgramError("\n".join(defects))
    resources = tuple(sorted(monitor.resources.values(), key=lambda resource: resource.urn))
    return Recording(resources, monitor.outputs, tuple(sorted(engine.warnings)))


async def _settled() -> None:
    """Wait for everything that is under way. The SDK does so itself, in a time that grows with the square of it."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


@contextlib.contextmanager
def _hurried() -> Generator[None]:
    """Without the cyclic collector and the stack trace of every resource, which take more than half the time."""
    collecting, limit = gc.isenabled(), getattr(sys, "tracebacklimit", None)
    gc.disable()
    sys.tracebacklimit = 1
    try:
        yield
    finally:
        if collecting:
            gc.enable()
        if limit is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = limit


def _providers_off(config: Mapping[str, str]) -> frozenset[str]:
    """Packages whose default provider is switched off; `*` for all. Kubernetes never has one here."""
    key = "pulumi:disable-default-providers"
    try:
        packages = json.loads(config.get(key, "") or "[]")
    except ValueError:
        packages = None
    if not isinstance(packages, list):
        raise InputError(f'{key}: a list of packages is expected, such as ["*"] for all')
    return frozenset({"kubernetes", *map(str, cast(list[Any], packages))})
