"""The stack files that ship, and how tests walk a plan's inputs."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

SHIPPED = (
    ("local", "."),
    ("integration", "."),
    ("production", "."),
    ("integration", "examples/azure"),
    ("production", "examples/azure"),
)
SECRET = {"$secret": True}
UNKNOWN = {"$unknown": True}
MARKS = (SECRET, UNKNOWN)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every scalar and every marker below a value, with the keys that lead to it; list indexes are left out."""
    if value in MARKS:
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from leaves(item, path)
    else:
        yield path, value


def filled(value: Any) -> Any:
    """The value with text in place of each marker, as a schema wants it: a name, and base64 as well."""
    if value in MARKS:
        return "unknown0"
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        # A Secret's data is one secret as a whole.
        return {key: {} if key in ("data", "stringData") and item in MARKS else filled(item) for key, item in items}
    return [filled(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


def pod_specs(inputs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The pod templates in a Kubernetes object's inputs, at whatever depth its kind has them."""
    for value in inputs.values():
        if isinstance(value, Mapping):
            inner = cast("Mapping[str, Any]", value)
            if isinstance(inner.get("containers"), list):
                yield inner
            else:
                yield from pod_specs(inner)
