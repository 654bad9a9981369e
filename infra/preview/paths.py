"""Property paths in a plan's values: what differs between two, what stands at one."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from infra.preview import wire


@dataclass(frozen=True)
class Edit:
    """One changed property: its path, both values (None: absent), and whether it forces a replacement."""

    path: str
    before: Any
    after: Any
    replaces: bool = False


def edits(before: Any, after: Any, path: str = "") -> Iterator[Edit]:
    """What differs between two values of a plan, at the deepest paths; a list of another length as a whole."""
    if before == after:
        return
    old, new = _items(before), _items(after)
    if old is None or new is None or type(before) is not type(after) or (type(before) is list and len(old) != len(new)):
        yield Edit(path, before, after)
    else:
        for key in sorted(old.keys() | new.keys()):
            yield from edits(old.get(key), new.get(key), f"{path}{_step(key, path)}")


def _items(value: Any) -> dict[Any, Any] | None:
    """What stands inside an object or a list, by key or index; None for a scalar, a secret or an unknown value."""
    if wire.is_secret(value) or wire.is_unknown(value):
        return None
    if isinstance(value, Mapping):
        return dict(cast(Mapping[str, Any], value))
    return dict(enumerate(cast(list[Any], value))) if isinstance(value, list) else None


def _step(key: str | int, path: str) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    if re.fullmatch(r"[A-Za-z_$][\w$-]*", key):
        return f".{key}" if path else key
    return f"[{json.dumps(key)}]"


def at(inputs: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of keys joined by dots (`*`: everything); None where nothing does."""
    if path == "*":
        return inputs
    value: Any = inputs
    for part in path.split("."):
        value = cast(Mapping[str, Any], value).get(part) if isinstance(value, Mapping) else None
    return value


def holds_unknown(value: Any) -> bool:
    """Whether anything in a value of a plan is not known before the real `up`."""
    if wire.is_unknown(value):
        return True
    return any(holds_unknown(item) for item in (_items(value) or {}).values())
