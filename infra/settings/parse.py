"""From the flat config that the CLI hands over to `Settings`, or to all that is wrong with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from infra.settings import rules
from infra.settings.base import NotParsed
from infra.settings.figures import Figures
from infra.settings.known_keys import FIELDS, NAMESPACE, is_secret_key, secrets_inside, unknown_field, unknown_key
from infra.settings.model import Settings
from infra.settings.partial import below, kinds_at, model_at, whatever_parsed
from infra.settings.problems import Problem, SettingsError
from infra.settings.sizes import TABLE, merge
from infra.settings.words import choice, words

EMPTY = ("", "{}", "[]")
"""Pulumi.yaml's defaults of keys that nobody has given: the model's own default holds, or says that it is required."""


def read(config: Mapping[str, str]) -> Settings:
    """The settings in a flat config (`airflow:size` → text; objects as JSON text); secrets' keys are passed over.

    Raises SettingsError with every problem of every key: field rules and cross-field rules alike.
    """
    settings, problems = examine(config)
    if problems:
        raise SettingsError(problems)
    return settings


def examine(config: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """As `read`, but returns the problems beside whatever parsed; reading a field that did not is NotParsed."""
    problems: list[Problem] = []
    data = _decode(config, problems)
    settings: Settings
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        problems += [_problem(detail, data) for detail in error.errors()]
        settings = whatever_parsed(Settings, data)
    problems += _figures_problems(settings)
    for more in (rules.judge(settings), secrets_inside(data)):
        faulty = {problem.key for problem in problems}
        problems += [found for found in more if found.key not in faulty]
    return settings, problems


def _decode(config: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for full, text in config.items():
        namespace, _, key = full.partition(":")
        if namespace == NAMESPACE and key in FIELDS:
            if text not in EMPTY:
                data[key] = _value(full, text, problems)
        elif (namespace == NAMESPACE and is_secret_key(key)) or namespace == "pulumi":
            continue
        else:
            problems.append(unknown_key(full))
    return data


def _value(full: str, text: str, problems: list[Problem]) -> Any:
    """The CLI hands objects and lists over as JSON and everything else as its text."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        problems.append(Problem(full, "an object or a list", "write it as YAML below the key in the stack file", text))
        return None


def _problem(
    detail: ErrorDetails, data: Mapping[str, Any], root: type[BaseModel] = Settings, base: str = ""
) -> Problem:
    path = _path(detail["loc"], data)
    key = f"{NAMESPACE}:{base}{_dotted(path)}"
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "house_rule":
        return Problem(key, context["rule"], context["cure"], _at(path, data))
    if kind == "extra_forbidden":
        return unknown_field(key, path, model_at(root, path[:-1], data))
    if kind == "missing":
        return Problem(key, "required", f"set {key} (docs/settings.md says what it is)")
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        given = below(_at(path, data), "kind")
        return Problem(f"{key}.kind", *choice(kinds_at(root, path, data), given), given)
    return Problem(key, *words(kind, context, detail["msg"], _at(path, data)), _at(path, data))


def _path(loc: tuple[int | str, ...], data: Any) -> tuple[str | int, ...]:
    """The location in the stack file: pydantic puts a union's tag between, which the file does not have."""
    path: list[str | int] = []
    for part in loc:
        if below(data, part) is None and part == below(data, "kind"):
            continue
        path.append(part)
        data = below(data, part)
    return tuple(path)


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _at(path: tuple[str | int, ...], data: Any) -> Any:
    for part in path:
        shorthand = part == "state" and isinstance(data, str)
        data = data if shorthand else below(data, part)
    return data


def _figures_problems(settings: Settings) -> Iterator[Problem]:
    """Overrides are laid on the table of the size and checked with it; a wrong one is named by its own key."""
    with suppress(NotParsed):
        merged = merge(TABLE[settings.size], settings.figures)
        try:
            Figures.model_validate(merged)
        except ValidationError as error:
            for detail in error.errors():
                yield _problem(detail, merged, Figures, "figures.")
