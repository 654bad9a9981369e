"""Values that ship for somebody to fill in: `CHANGE-ME: ` and a valid stand-in. A plan takes that; a run refuses it."""

from typing import Any, cast

MARK = "CHANGE-ME"
_PREFIX = f"{MARK}: "


def stand_ins(data: Any, path: str, marked: dict[str, str]) -> Any:
    """`data` with the stand-in for every marked value; each is added to `marked` as it was, by its path."""
    if isinstance(data, str):
        if data.startswith(MARK):
            marked[path] = data
        return data.removeprefix(_PREFIX)
    if isinstance(data, dict):
        items = cast("dict[str, Any]", data)
        return {key: stand_ins(item, f"{path}.{key}", marked) for key, item in items.items()}
    if isinstance(data, list):
        listed = cast("list[Any]", data)
        return [stand_ins(item, f"{path}[{index}]", marked) for index, item in enumerate(listed)]
    return data
