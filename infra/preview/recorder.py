"""Runs a Pulumi program under a monitor that answers as a first preview does, and keeps what it registers.

No CLI, no provider plugin, no network. What the engine would refuse (a URN twice, a resource of a package whose
default provider is switched off) is collected and raised at the end as one `ProgramError`.
"""

import asyncio
import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.preview import sdk
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

    def main() -> None:
        for name, value in program().items():
            pulumi.export(name, value)

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

    collecting = gc.isenabled()
    gc.disable()  # thousands of short-lived messages and futures: the cyclic collector takes more than half the time
    try:
        asyncio.run(run())
    finally:
        if collecting:
            gc.enable()
    defects = sorted({*monitor.defects, *engine.errors})
    if defects:
        raise ProgramError("\n".join(defects))
    resources = tuple(sorted(monitor.resources.values(), key=lambda resource: resource.urn))
    return Recording(resources, monitor.outputs, tuple(sorted(engine.warnings)))


def _providers_off(config: Mapping[str, str]) -> frozenset[str]:
    """Packages whose default provider is switched off; `*` for all. Kubernetes never has one here."""
    text = config.get("pulumi:disable-default-providers", "")
    return frozenset({"kubernetes", *(json.loads(text) if text else [])})
