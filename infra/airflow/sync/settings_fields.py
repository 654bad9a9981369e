"""The parts of a settings file's entries, checked one by one; every problem is kept, none holds a value."""

import difflib
import json
import re
from typing import Any, TypeGuard, cast
from urllib.parse import urlsplit

from settings_file import Number


def _cut_short(uri: str) -> bool:
    """Whether a part ends earlier than was meant: `u:12#ss@db` has no password and the host `u`."""
    parts = urlsplit("//" + uri.rsplit("://", 1)[1])
    if "#" in uri or "@" in parts.path:
        return True
    named = all("@" not in piece.split("=", 1)[0] for piece in parts.query.split("&"))
    return not named or ("@" in parts.query and "@" not in parts.netloc)


class Fields:
    """Collects problems on the way through the document."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def name(self, value: Any, path: str, longest: int) -> TypeGuard[str]:
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            self.problem(path, f"must be a name, a text of 1 to {longest} characters")
            return False
        return self.storable(value, path)

    def text(self, entry: dict[str, Any], path: str, key: str, longest: int | None = None) -> str | None:
        value = entry.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # safe: only whole numbers written as JSON writes them are read as numbers at all
        if value is None:
            return None
        if not isinstance(value, str):
            return self.problem(f"{path}.{key}", "must be text: put it in quotes")
        if longest and len(value) > longest:
            return self.problem(f"{path}.{key}", f"must have at most {longest} characters, has {len(value)}")
        return value if self.storable(value, f"{path}.{key}") else None

    def storable(self, text: str, path: str) -> bool:
        if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
            self.problem(path, "holds a NUL or half a surrogate pair, which PostgreSQL cannot keep")
            return False
        return True

    def port(self, value: Any, path: str) -> int | None:
        if value is None or value == "":
            return None
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value) else value
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 65536:
            return self.problem(path, "must be a whole number from 1 to 65535")
        return number

    def extras(self, value: Any, path: str) -> str | None:
        if value is None or value == "":
            return None
        decoded = self.json(value, path) if isinstance(value, str) else value
        if decoded is not None and not isinstance(decoded, dict):
            return self.problem(path, "must be a mapping, or the text of a JSON object")
        text = value if isinstance(value, str) else self.dumped(value, path)
        return text if text is not None and self.storable(text, path) else None

    def dumped(self, value: Any, path: str, indent: int | None = None) -> str | None:
        try:
            return json.dumps(value, indent=indent, allow_nan=False)
        except ValueError:
            return self.problem(path, "holds a number that JSON cannot write: put it in quotes")

    def json(self, text: str, path: str) -> Any:
        def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            if len({key for key, _ in pairs}) < len(pairs):
                raise ValueError("a key stands there twice")
            return dict(pairs)

        def number(_: str) -> None:
            raise ValueError("NaN and Infinity are no JSON")

        try:
            return json.loads(text, object_pairs_hook=unique, parse_constant=number, parse_float=Number)
        except json.JSONDecodeError as error:
            return self.problem(path, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
        except (ValueError, RecursionError) as error:
            return self.problem(path, f"is not JSON: {error}")

    def uri(self, uri: str, path: str) -> None:
        try:
            parts = urlsplit(uri)
            rest = uri.split("://", 1)[1] if "://" in uri else ""
            port, inner = (urlsplit(rest).port, rest) if "://" in rest else (parts.port, "")
            wrong = not parts.scheme or "://" not in uri or inner.count("://") > 1
            wrong = wrong or (port is not None and not 0 < port < 65536)
            wrong = wrong or any(mark in inner.split("://")[0] for mark in "@:")
        except ValueError:
            wrong = True
        if not wrong and _cut_short(uri):
            cure = "# as %23, ? as %3F, / as %2F, @ as %40, : as %3A"
            self.problem(path, f"a mark of a URI stands unescaped in one of its parts, which would end there: {cure}")
        elif wrong:
            self.problem(path, "must be type://login:password@host:port/schema?extra, each part percent-encoded")

    def mapping(self, value: Any, path: str, required: bool) -> dict[str, Any]:
        if value is None and not required:
            return {}
        if not isinstance(value, dict):
            self.problem(path, "must be a mapping; where it stands for nothing, write {}")
            return {}
        return cast("dict[str, Any]", value)

    def keys(self, entry: dict[str, Any], path: str, known: tuple[str, ...], need: tuple[str, ...] = ()) -> None:
        """Unknown and missing keys. One that resembles no known key may be a stray value, so it is not repeated."""
        for number, key in enumerate(entry, 1):
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1, 0.6)
                said = f"`{key}` is unknown, `{near[0]}` is near" if near else f"key {number} is unknown"
                self.problem(path or "the file", f"{said}: known are {', '.join(known)}")
        for key in need:
            if entry.get(key) is None and not (key == "airflow" and key in entry):
                self.problem(f"{path}.{key}" if path else key, "is missing")

    def problem(self, path: str, rule: str) -> None:
        self.problems.append(f"{path}: {rule}")
