"""YAML as the Pulumi CLI reads it (Go's yaml.v3: the core schema of YAML 1.2), which PyYAML's YAML 1.1 is not.

`on`, `yes` and `12:30` are text; `0o17` and `017` are octal, but `012345678901` is a number with its zero lost: an
account id has to be quoted. A bare date becomes a moment as Go prints it, `2026-11-21 00:00:00 +0000 UTC`.
Source: https://github.com/go-yaml/yaml/blob/v3/resolve.go and its README ("Compatibility").
"""

import datetime
import json
import re
from collections.abc import Hashable
from decimal import Decimal
from typing import Any

import yaml

from infra.preview.errors import InputError

_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)$")
_FLOAT = re.compile(
    r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
)
_DATE = re.compile(
    r"^(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)"
    r"(?:(?:[Tt]|[ \t]+)(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d*))?"
    r"(?:[ \t]*(?P<tz>Z|(?P<tz_sign>[-+])(?P<tz_hour>\d\d?)(?::(?P<tz_minute>\d\d))?))?)?$"
)


class _Loader(yaml.SafeLoader):
    """PyYAML's parser with the core schema's scalars, and with a key that stands twice refused as the CLI does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
                seen.add(key.value)
        self.flatten_mapping(node)  # what is merged in gives way to the mapping's own keys
        node.value = [(self._as_text(key), value) for key, value in node.value]
        return super().construct_mapping(node, deep=deep)

    def _as_text(self, key: yaml.Node) -> yaml.Node:
        """To Python 1 and true are one key, to the CLI each is its text."""
        if not isinstance(key, yaml.ScalarNode) or key.tag not in _TEXTED:
            return key
        loader: Any = self  # its types are partly unknown
        return yaml.ScalarNode(f"{_TAG}str", text_of(loader.construct_object(key)), key.start_mark, key.end_mark)


def _integer(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float:
    text = node.value.replace("_", "")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    octal = digits.startswith("0") and digits.isdigit() and digits != "0"
    number = sign * int(digits, 8 if octal else 0)
    return number if -(2**63) <= number < 2**63 else float(number)


def _moment(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    try:
        moment: Any = loader.construct_yaml_timestamp(node)
    except ValueError:  # such as a thirteenth month
        return node.value
    if not isinstance(moment, datetime.datetime):
        return f"{moment.isoformat()} 00:00:00 +0000 UTC"
    offset = f"{moment:%z}" or "+0000"
    fraction = f"{moment.microsecond:06d}".rstrip("0")
    return f"{moment:%Y-%m-%d %H:%M:%S}{'.' if fraction else ''}{fraction} {offset} {_ZONES.get(offset, offset)}"


_ZONES = {"+0000": "UTC"}
_TAG = "tag:yaml.org,2002:"
_TEXTED = {f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "timestamp")}
_SCALARS = {"null": _NULL, "bool": _BOOL, "int": _INT, "float": _FLOAT, "timestamp": _DATE, "merge": re.compile("^<<$")}
_Loader.yaml_implicit_resolvers = {None: [(_TAG + name, pattern) for name, pattern in _SCALARS.items()]}
_Loader.add_constructor(_TAG + "merge", lambda _loader, node: node.value)
_Loader.add_constructor(_TAG + "int", _integer)
_Loader.add_constructor(_TAG + "timestamp", _moment)


def load(text: str, where: str) -> Any:
    """The value that `text` holds; `where` names its source in an error. Raises InputError where it is no YAML."""
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader by descent
        # Whatever comes of it goes on as JSON: no bytes, no object that holds itself, no half of a surrogate pair.
        json.dumps(value, ensure_ascii=False).encode()
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InputError(f"{where}{line}: this is not YAML that the Pulumi CLI can read: {error.problem}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{where}: this is not YAML that the Pulumi CLI can read: {error}") from error
    except RecursionError as error:
        raise InputError(f"{where}: lists or objects lie too deep in each other") from error
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{where}: this is nothing that YAML and JSON both can say: {error}") from error
    return value


def text_of(value: Any) -> str:
    """A top-level scalar as the CLI hands it to the program: `true`, `3`, `1.5`, text as it is, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _go_float(value)
    return str(value)


def _go_float(value: float) -> str:
    """Go's shortest form (`%v`): an exponent of two digits at least from 1e6 on and below 1e-4."""
    number = Decimal(repr(value))
    if not number.is_finite():
        return {"Infinity": "+Inf", "-Infinity": "-Inf"}.get(str(number), "NaN")
    exponent = number.adjusted()
    if number and (exponent < -4 or exponent >= 6):
        mantissa = format(number.scaleb(-exponent).normalize(), "f")
        return f"{mantissa}e{exponent:+03d}"
    return format(number.normalize(), "f")
