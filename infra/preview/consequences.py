"""What follows for other resources from a replacement: their provider, or an id or name of it that they hold, is new.

`renewed` holds the replaced resources by their URNs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from infra.preview import create_only, wire
from infra.preview.change import Change
from infra.preview.model import Plan, Resource
from infra.preview.paths import at, holds


def following(changes: list[Change], after: Plan) -> Iterator[Change]:
    """Add what follows from a replacement: what a provider manages and what is bound to a new id is replaced too, what
    else gets the new id or name is changed.
    """
    known = {change.resource.urn: change for change in changes}
    todo = {urn for urn, change in known.items() if change.kind == "replaced"}
    while todo:
        renewed, todo = {urn: after.by_urn[urn] for urn in todo}, set[str]()
        for resource in after:
            change = known.get(resource.urn)
            if change is not None and change.kind != "changed":
                continue
            because = _replaces(resource, renewed)
            if because:
                known[resource.urn] = Change("replaced", resource, change.edits if change else (), because)
                todo.add(resource.urn)
            elif change is None and (because := _changes(resource, renewed)):
                known[resource.urn] = Change("changed", resource, (), because)
    yield from known.values()


def _replaces(resource: Resource, renewed: Mapping[str, Resource]) -> str:
    """Why a resource is replaced with one of `renewed`; empty where it is not."""
    if resource.provider is not None and resource.provider in renewed:
        return f"its provider {_name(resource.provider)} is replaced"
    return _told(resource, renewed, create_only.rules(resource.type).properties)


def _changes(resource: Resource, renewed: Mapping[str, Resource]) -> str:
    """Why a resource is changed where one of `renewed` is replaced; empty where it is not."""
    return _told(resource, renewed, resource.by_property)


def _told(resource: Resource, renewed: Mapping[str, Resource], properties: Iterable[str]) -> str:
    """Which of its properties takes a value from one of `renewed` that is another one afterwards."""
    for path in sorted(properties):
        value = at(resource.inputs, path)
        for urn in sorted(renewed.keys() & resource.by_property.get(path.partition(".")[0], ())):
            if holds(value, wire.UNKNOWN) or holds(value, _made_up_name(renewed[urn])):
                return f"{path} comes from {_name(urn)}, which is replaced"
    return ""


def _made_up_name(resource: Resource) -> str | None:
    """The name of a Kubernetes object that nobody gave: its successor gets another one."""
    name = at(resource.inputs, "metadata.name")
    return name if re.fullmatch(rf"{re.escape(resource.name)}-[0-9a-f]{{8}}", str(name)) else None


def _name(urn: str) -> str:
    *_, chain, name = urn.split("::")
    return f"{chain.rpartition('$')[2]} {name}"
