"""A plan's Kubernetes objects as manifests in the order in which the engine would create them."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from infra.preview.model import Plan, Resource
from tests.program.stacks import SECRET, UNKNOWN

Fill = Callable[[Resource, tuple[str, ...]], Any]
"""What stands at a path that is secret (`stringData` as a whole is), or unknown before a provider answers."""


def ordered(plan: Plan) -> list[Resource]:
    """The plan's resources, each after all that it waits for."""
    left = {resource.urn: resource for resource in plan}
    done: list[Resource] = []
    while left:
        free = [resource for resource in left.values() if not resource.waits_for & left.keys()]
        assert free, f"a cycle among {sorted(left)}"
        for resource in free:
            done.append(left.pop(resource.urn))
    return done


def manifests(plan: Plan, fill: Fill, namespace: str) -> list[dict[str, Any]]:
    """What `kubectl apply` takes for a namespace and what is in it. Helm releases are none of it."""
    objects = [resource for resource in ordered(plan) if resource.type.startswith("kubernetes:") and resource.custom]
    return [
        cast("dict[str, Any]", _filled(resource, resource.inputs, (), fill))
        for resource in objects
        if not resource.type.startswith("kubernetes:helm.sh/") and namespace in _places(resource)
    ]


def _places(resource: Resource) -> tuple[Any, Any]:
    metadata = resource.inputs.get("metadata", {})
    return metadata.get("namespace"), metadata.get("name")


def _filled(resource: Resource, value: Any, path: tuple[str, ...], fill: Fill) -> Any:
    if value in (SECRET, UNKNOWN):
        return fill(resource, path)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _filled(resource, item, (*path, key), fill) for key, item in items}
    if isinstance(value, list):
        return [_filled(resource, item, path, fill) for item in cast("list[Any]", value)]
    return value
