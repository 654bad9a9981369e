"""How tests read one resource of a plan, and spoil it to see that a rule notices."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from infra.preview.model import Plan, Resource
from infra.settings import Tier


def production(plan: Plan) -> bool:
    return plan.stack == Tier.production


def value(resource: Resource, path: str) -> Any:
    found: Any = resource.inputs
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def expected(resource: Resource, wanted: Mapping[str, Any]) -> Iterator[str]:
    for path, good in wanted.items():
        if (found := value(resource, path)) != good:
            yield f"{resource.urn}: {path} is {found!r}, not {good!r}"


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
