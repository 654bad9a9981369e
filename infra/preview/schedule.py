"""How long the first `up` takes: the longest chain of creations, and the whole with limited parallelism.

A resource starts once everything that it waits for is there: dependencies, parent and provider. Components, providers
and the Stack take no time. Times are typical ones from `times.yaml`: for comparing plans, not for promises.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from infra.preview.model import PROVIDER_PREFIX, Plan, Resource
from infra.preview.paths import at
from infra.preview.recorder import ProgramError

_FILE = Path(__file__).with_name("times.yaml")


@dataclass(frozen=True)
class Step:
    """One creation on the critical path; `start` counts from the beginning of the `up`, both in seconds."""

    resource: Resource
    start: float
    seconds: float


@dataclass(frozen=True)
class Schedule:
    """The critical path, and the seconds of the whole `up` with unlimited and with 8-fold parallelism."""

    chain: tuple[Step, ...]
    unlimited: float
    eightfold: float

    def as_json(self) -> dict[str, Any]:
        """The object of `--critical-path --json`; seconds throughout."""
        steps = [
            {"urn": step.resource.urn, "type": step.resource.type, "start": step.start, "seconds": step.seconds}
            for step in self.chain
        ]
        return {"chain": steps, "unlimited": self.unlimited, "eightfold": self.eightfold}


def schedule(plan: Plan) -> Schedule:
    """Work the plan's first `up` through. Raises ProgramError where resources wait for each other."""
    waits = {resource.urn: sorted(resource.waits_for & plan.by_urn.keys()) for resource in plan}
    try:
        order = list(TopologicalSorter(waits).static_order())
    except CycleError as error:
        raise ProgramError(f"these resources wait for each other: {' → '.join(error.args[1])}") from error
    took = {resource.urn: seconds(resource) for resource in plan}
    done: dict[str, float] = {}
    last: dict[str, str | None] = {}
    for urn in order:
        last[urn] = max(waits[urn], key=lambda other: done[other], default=None)
        before = last[urn]
        done[urn] = took[urn] + (done[before] if before is not None else 0)
    return Schedule(_chain(plan, done, last, took), max(done.values(), default=0), _limited(order, waits, took, 8))


def _chain(
    plan: Plan, done: Mapping[str, float], last: Mapping[str, str | None], took: Mapping[str, float]
) -> tuple[Step, ...]:
    steps: list[Step] = []
    urn = max(sorted(done), key=lambda one: done[one], default=None)
    while urn is not None:
        if took[urn]:
            steps.append(Step(plan.by_urn[urn], done[urn] - took[urn], took[urn]))
        urn = last[urn]
    return tuple(reversed(steps))


def _limited(order: list[str], waits: Mapping[str, list[str]], took: Mapping[str, float], width: int) -> float:
    """List scheduling: of what is ready, that with the longest chain still behind it starts first.

    The engine starts what is ready in no certain order, so that a real run may take a little longer than this.
    """
    missing = {urn: len(waits[urn]) for urn in order}
    followers: dict[str, list[str]] = {urn: [] for urn in order}
    for urn in order:
        for other in waits[urn]:
            followers[other].append(urn)
    behind: dict[str, float] = {}
    for urn in reversed(order):
        behind[urn] = took[urn] + max((behind[other] for other in followers[urn]), default=0)
    ready = [(-behind[urn], urn) for urn in order if not missing[urn]]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and (len(running) < width or not took[ready[0][1]]):
            _, urn = heapq.heappop(ready)
            heapq.heappush(running, (now + took[urn], urn))
        now = running[0][0]
        while running and running[0][0] == now:  # all that ends at this moment, before anything is chosen
            for urn in followers[heapq.heappop(running)[1]]:
                missing[urn] -= 1
                if not missing[urn]:
                    heapq.heappush(ready, (-behind[urn], urn))
    return now


def seconds(resource: Resource) -> float:
    """Typical seconds to create one resource."""
    if not resource.custom or resource.type.startswith(PROVIDER_PREFIX):
        return 0
    for entry in _times()["types"].get(resource.type, ()):
        if all(at(resource.inputs, path) == value for path, value in entry.get("where", {}).items()):
            return entry["seconds"]
    return _times()["default"]


@cache
def _times() -> dict[str, Any]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))
