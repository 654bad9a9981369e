"""How long each resource of an `up` took, from the engine's own events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.preview.schedule import Schedule


@dataclass(frozen=True)
class Took:
    """One resource's creation: seconds from the beginning of the `up`, and its own."""

    urn: str
    start: float
    seconds: float


def took(log: Path) -> dict[str, Took]:
    """URN → what it took; what was not made in this run is not there. Times are whole seconds, as events carry them."""
    began: dict[str, int] = {}
    found: dict[str, Took] = {}
    first = 0
    for event in _events(log):
        first = first or int(event["timestamp"])
        if (pre := event.get("resourcePreEvent")) and pre["metadata"]["op"].startswith("create"):
            began[pre["metadata"]["urn"]] = event["timestamp"]
        if (done := event.get("resOutputsEvent")) and (urn := done["metadata"]["urn"]) in began:
            found[urn] = Took(urn, began[urn] - first, event["timestamp"] - began[urn])
    return found


def beside(planned: Schedule, measured: dict[str, Took]) -> Iterator[tuple[str, float, float | None]]:
    """The planned critical path's steps: name, planned seconds, measured seconds."""
    for step in planned.chain:
        seen = measured.get(step.resource.urn)
        yield f"{step.resource.type.rpartition(':')[2]} {step.resource.name}", step.seconds, seen and seen.seconds


def longest(measured: dict[str, Took], number: int = 5) -> list[Took]:
    """What took longest."""
    return sorted(measured.values(), key=lambda one: -one.seconds)[:number]


def _events(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text().splitlines():
        if line.strip():
            yield json.loads(line)
