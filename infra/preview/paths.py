"""Property paths in a plan's values: what differs between two, what stands at one."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from infra.preview import wire

_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')


@dataclass(frozen=True)
class Edit:
    """One changed property: its path, both values (None: absent), whether it forces a replacement or is refused."""

    path: str
    before: Any
    after: Any
    replaces: bool = False
    refused: bool = False


def edits(before: Any, after: Any, path: str = "") -> Iterator[Edit]:
    """What differs between two values of a plan, at the deepest paths.

    Items of a list are told apart by their `name` where all have one (`env["PGSSLMODE"].value`), else by their index; a
    list whose items cannot be matched, by another length or order, differs as a whole.
    """
    if before == after:
        return
    matched = _matched(before, after)
    if matched is None:
        yield Edit(path, before, after)
        return
    old, new = matched
    for key in sorted(old.keys() | new.keys()):
        step = f"[{json.dumps(key)}]" if isinstance(before, list) else _step(key, path)
        yield from edits(old.get(key), new.get(key), f"{path}{step}")


def _matched(before: Any, after: Any) -> tuple[dict[Any, Any], dict[Any, Any]] | None:
    """What stands inside two objects or two lists, by keys that mean the same in both."""
    old, new = _items(before), _items(after)
    if old is None or new is None or type(before) is not type(after):
        return None
    if not isinstance(before, list):
        return old, new
    old_named, new_named = _by_name(old), _by_name(new)
    if (
        old_named is not None
        and new_named is not None
        and [name for name in old_named if name in new_named] == [name for name in new_named if name in old_named]
    ):
        return old_named, new_named
    return (old, new) if len(old) == len(new) else None


def _by_name(items: Mapping[int, Any]) -> dict[str, Any] | None:
    """A list's items by their names; None where one has none or shares it."""
    named: dict[str, Any] = {}
    for item in items.values():
        name = cast(Mapping[str, Any], item).get("name") if isinstance(item, Mapping) else None
        if isinstance(name, str):
            named[name] = item
    return named if len(named) == len(items) else None


def _items(value: Any) -> dict[Any, Any] | None:
    """What stands inside an object or a list, by key or index; None for a scalar, a secret or an unknown value."""
    if wire.is_secret(value) or wire.is_unknown(value):
        return None
    if isinstance(value, Mapping):
        return dict(cast(Mapping[str, Any], value))
    return dict(enumerate(cast(list[Any], value))) if isinstance(value, list) else None


def _step(key: str, path: str) -> str:
    if re.fullmatch(r"[A-Za-z_$][\w$-]*", key):
        return f".{key}" if path else key
    return f"[{json.dumps(key)}]"


def kept(before: Any, after: Any, path: Sequence[str | int]) -> Any:
    """`after` with what stands at a path in `before`: what the engine compares where `ignoreChanges` names the path."""
    old, new = _items(before), _items(after)
    step, *rest = path
    if old is None or new is None or type(before) is not type(after):
        return after
    if not rest and step not in old:
        new.pop(step, None)
    elif not rest:
        new[step] = old[step]
    elif step in old and step in new:
        new[step] = kept(old[step], new[step], rest)
    return list(new.values()) if isinstance(after, list) else new


def steps(path: str) -> list[str | int]:
    """A property path as the CLI and the engine read it: `cloud.zones[0]`, `tags["cost.center"]`. Raises ValueError."""
    found: list[str | int] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if match is None or (position == 0 and path.startswith((".", "["))):
            raise ValueError(f"{path!r} is no property path")
        name, index, quoted = match.groups()
        found.append(int(index) if index is not None else name or re.sub(r"\\(.)", r"\1", quoted))
        position = match.end()
    return found


def at(inputs: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of keys joined by dots (`*`: everything); None where nothing does."""
    if path == "*":
        return inputs
    value: Any = inputs
    for part in path.split("."):
        value = cast(Mapping[str, Any], value).get(part) if isinstance(value, Mapping) else None
    return value


def holds(value: Any, wanted: Any) -> bool:
    """Whether a value of a plan is or has in it a certain one; None is nowhere."""
    if wanted is None:
        return False
    return value == wanted or any(holds(item, wanted) for item in (_items(value) or {}).values())
