"""What is wrong with a stack's settings, said so that a person can mend all of it at once."""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pydantic_core import PydanticCustomError

HIDDEN = "(not shown)"
_SENSITIVE = ("password", "secret", "token", "key", "credential")


@dataclass(frozen=True)
class Problem:
    """One refused setting: its full key (`airflow:cloud.region`), the value given, the rule it breaks and the cure."""

    key: str
    rule: str
    cure: str
    value: Any = None

    def __str__(self) -> str:
        given = "" if self.value is None else f" = {_short(shown(self.value, self.key))}"
        return f"{self.key}{given}\n    rule: {self.rule}\n    cure: {self.cure}"


def shown(value: Any, name: object = "") -> Any:
    """`value` as an error may show it: without what stands under the name of a secret, and without a URL's password."""
    if any(word in str(name).lower() for word in _SENSITIVE) and not isinstance(value, bool | None):
        return HIDDEN
    if isinstance(value, dict):
        return {key: shown(item, key) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [shown(item) for item in cast("list[Any]", value)]
    return re.sub(r"//[^/@\s]+@", f"//{HIDDEN}@", value) if isinstance(value, str) else value


class SettingsError(pulumi.RunError):
    """All problems of a stack's settings. The engine prints a RunError's text alone, without a traceback."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = {(problem.key, problem.rule): problem for problem in problems}
        self.problems = tuple(unique[key] for key in sorted(unique, key=_place))
        count = len(self.problems)
        heading = f"The settings of this stack have {count} problem{'' if count == 1 else 's'}; nothing was created.\n"
        super().__init__("\n".join([heading, *(f"  {problem}" for problem in self.problems)]))


def _place(of: tuple[str, str]) -> tuple[list[str | int], str]:
    """By key and rule, `releases[2]` before `releases[10]`. Text and numbers take turns, so that like meets like."""
    key, rule = of
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", key)], rule


def refuse(rule: str, cure: str) -> PydanticCustomError:
    """The error a field validator raises: a rule and a cure instead of pydantic's own words."""
    return PydanticCustomError("house_rule", "{rule}", {"rule": rule, "cure": cure})


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known key that a misspelt one probably meant, or None where none is near."""
    by_lower = {key.lower(): key for key in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def _short(value: Any, limit: int = 120) -> str:
    text = value if isinstance(value, str) and value == HIDDEN else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}…"
