"""pydantic's errors in the house's words: rule and cure of a field that has no rule of its own."""

import re
from collections.abc import Mapping
from typing import Any

from infra.settings.problems import nearest

_TEXT = ("text", "put it in quotes")
_NUMBER = ("a whole number", "digits alone and without quotes, for example 3")
_SWITCH = ("true or false", "write one of the two, without quotes")
_OBJECT = ("an object: keys and their values", "write its keys below it, as docs/settings.md has them")
_OBJECT_OF_CHART = ("an object: keys and their values", "write its keys below it, as the chart's values.yaml has them")
_LIST = ("a list", "write [one, two], or each item on a line of its own after a dash")

_OF_TYPE: Mapping[str, tuple[str, str]] = {
    "string_type": _TEXT,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _NUMBER),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), ("a number", "for example 3 or 0.5")),
    **dict.fromkeys(("bool_type", "bool_parsing"), _SWITCH),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), _OBJECT),
    **dict.fromkeys(("tuple_type", "list_type"), _LIST),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), ("a date", "for example 2026-11-01")),
    "string_too_short": ("not empty", "give it, or leave the key out"),
}

#: The same by JSON schema's names of types.
ONE_OF_TYPE: Mapping[str, tuple[str, str]] = {
    "string": _TEXT,
    "integer": _NUMBER,
    "number": ("a number", "for example 3 or 0.5"),
    "boolean": _SWITCH,
    "object": _OBJECT_OF_CHART,
    "array": _LIST,
}


def words(kind: str, context: Mapping[str, Any], message: str, given: Any) -> tuple[str, str]:
    """Rule and cure of pydantic's error `kind` for the value `given`."""
    if kind == "string_type" and isinstance(given, float):
        return "text", "put it in quotes: without them YAML reads 1.30 as the number 1.3"
    if kind == "string_type" and isinstance(given, list | dict):
        return "one text", "write it without brackets and braces"
    if kind in _OF_TYPE:
        rule, cure = _OF_TYPE[kind]
        return rule, cure if given is not None else "give it, or leave the key out"
    if kind in ("literal_error", "enum"):
        return choice(_choices(str(context["expected"])), given)
    if kind == "too_short":
        return f"{context['min_length']} or more", "add what is missing"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return f"{bound} or {'more' if 'ge' in context else 'less'}", f"for example {bound}"
    return message, "see docs/settings.md"


def choice(known: tuple[str, ...], given: Any) -> tuple[str, str]:
    """Rule and cure of a word that is none of a few."""
    if given in known:
        return f"one of {', '.join(known)}", "write the number without quotes"
    near = nearest(given, known) if isinstance(given, str) else None
    return f"one of {', '.join(known)}", f"did you mean {near}?" if near else "choose one of them"


def _choices(expected: str) -> tuple[str, ...]:
    """The words in pydantic's `'a', 'b' or 'c'`."""
    return tuple(word.strip("'") for word in re.split(r", | or ", expected))
