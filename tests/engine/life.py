"""A stack's whole life on the engine, recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.preview.model import Plan
from tests.engine import stacks
from tests.engine.engine import Said, Stack
from tests.engine.leaks import leaks
from tests.engine.providers.server import Clouds
from tests.engine.providers.world import Event, Thing
from tests.program.stacks import SHIPPED

__all__ = ["SHIPPED", "Life", "end", "live"]


@dataclass(frozen=True)
class Life:
    """What was seen: `plan` is ours, `preview` the engine's, `state` that after the second `up`."""

    plan: Plan
    preview: Mapping[str, Any]
    first: Said
    again: Said
    refresh: Said
    state: list[dict[str, Any]]
    outputs: Mapping[str, Any]
    leaks: list[str]
    stood: list[Thing]
    before_the_end: list[Event]
    refused_end: Said | None
    touched_by_refused_end: list[Event]
    destroy: Said
    destroyed: list[Event]
    left: list[dict[str, Any]]
    left_standing: list[Thing]


def live(folder: Path, name: str, where: str) -> Life:
    with Clouds() as clouds:
        stack = stacks.begin(folder, clouds, name, where)
        world = clouds.world
        plan = stacks.plan(stack)
        preview = stack.preview()
        assert not world.standing, "a preview makes nothing"
        first = stack.up()
        again, refresh = stack.unchanged(), stack.refresh("--expect-no-changes", ok=False)
        state, outputs, found, stood = stack.resources(), stack.outputs(), leaks(stack), list(world.standing)
        before = list(world.events)
        refused = stack.destroy(ok=False) if any(one.get("protect") for one in state) else None
        touched = world.events[len(before) :]
        end(stack, where)
        mark = len(world.events)
        destroy = stack.destroy(ok=False)
        return Life(
            plan, preview, first, again, refresh, state, outputs, found, stood, before, refused, touched,
            destroy, world.events[mark:], stack.resources(), list(world.standing),
        )  # fmt: skip


def end(stack: Stack, where: str) -> None:
    """What the page of each cloud says before `destroy` ("Destroy: what stays, and why")."""
    content = yaml.safe_load(stack.file.read_text())
    cloud = content["config"]["airflow:cloud"]
    if cloud["kind"] == "azure" and stack.name == "production":
        stack.unprotect()
    if cloud["kind"] == "aws":
        cloud.setdefault("database", {})["deletionProtection"] = False
        content["config"]["airflow:tier"] = "integration"
        stack.file.write_text(yaml.safe_dump(content, sort_keys=False))
        stack.up()
