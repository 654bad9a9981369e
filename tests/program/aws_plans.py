"""The shipped AWS stacks as plans, in each size, and how tests read them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from infra.preview.model import Plan, Resource
from infra.settings import Size
from infra.settings.rules import NOT_AVAILABLE

STACKS = ("integration", "production")
CASES = [(stack, size.value) for stack in STACKS for size in Size]
#: Parts of the shipped stacks that no plan can hold yet.
LATER = tuple(f"{part}=off" for part in sorted(NOT_AVAILABLE) if part.startswith("platform."))
#: A release with shares, so that access points and volumes are in the plan.
SHARES = ('releases[0].dags={"kind": "share"}', 'releases[0].logs={"kind": "share"}')


def aws(plan: Callable[..., Plan], stack: str, *config: str) -> Plan:
    """The plan of a shipped AWS stack with these what-if values."""
    return plan(stack, ".", *LATER, *config)


def one(plan: Plan, type_: str, name: str | None = None) -> Resource:
    """The one resource of this type (and name)."""
    (found,) = [resource for resource in plan.of_type(type_) if name in (None, resource.name)]
    return found


def tampered(plan: Plan, resource: Resource, path: str, value: Any) -> Plan:
    """The plan with another value at a dotted path of one resource's inputs; None takes the key away."""
    inputs = _with(resource.inputs, path.split("."), value)
    return replace(
        plan,
        resources=tuple(replace(one, inputs=inputs) if one is resource else one for one in plan.resources),
    )


def _with(node: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(node, list):
        return [_with(item, rest, value) if index == int(key) else item for index, item in enumerate(node)]
    changed = {**node, key: _with(node.get(key, {}), rest, value)}
    if not rest and value is None:
        changed.pop(key)
    return changed
