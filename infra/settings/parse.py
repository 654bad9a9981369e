"""From the flat config that the CLI hands over to `Settings`, or to all that is wrong with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from infra.settings import rules
from infra.settings.model import Settings
from infra.settings.partial import below, kinds_at, model_at, whatever_parsed
from infra.settings.problems import HIDDEN, Problem, SettingsError, nearest
from infra.settings.secret_keys import SECRETS, is_secret_key
from infra.settings.sizes import TABLE, Figures, merge

NAMESPACE = "airflow"
EMPTY = ("", "{}", "[]")
"""Pulumi.yaml's defaults of keys that nobody has given: the model's own default holds, or says that it is required."""
_FIELDS = {field.alias or name: field for name, field in Settings.model_fields.items()}


def read(config: Mapping[str, str]) -> Settings:
    """The settings in a flat config (`airflow:size` → text; objects as JSON text); secrets' keys are passed over.

    Raises SettingsError with every problem of every key: field rules and cross-field rules alike.
    """
    problems: list[Problem] = []
    data = _decode(config, problems)
    settings: Settings
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        problems += [_problem(detail, data) for detail in error.errors()]
        settings = whatever_parsed(Settings, data)
    problems += _figures_problems(settings)
    faulty = {problem.key for problem in problems}
    problems += [found for found in rules.judge(settings) if found.key not in faulty]
    if problems:
        raise SettingsError(problems)
    return settings


def _decode(config: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for full, text in config.items():
        namespace, _, key = full.partition(":")
        if namespace == NAMESPACE and key in _FIELDS:
            if text not in EMPTY:
                data[key] = _value(full, text, problems)
        elif (namespace == NAMESPACE and is_secret_key(key)) or namespace == "pulumi":
            continue
        else:
            problems.append(_unknown_key(full, namespace, key))
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


def _unknown_key(full: str, namespace: str, key: str) -> Problem:
    release, _, name = key.rpartition(".")
    if namespace != NAMESPACE:
        hint = f"put it under the namespace {NAMESPACE}:" if namespace else "give it a namespace"
        return Problem(full, "no config of another namespace is read: providers are explicit", hint)
    near = nearest(name, SECRETS) if release else nearest(key, [*_FIELDS, *SECRETS])
    near = f"{release}.{near}" if near and release else near
    cure = f"did you mean {NAMESPACE}:{near}?" if near else "remove it, or see docs/settings.md"
    return Problem(full, "a key of docs/settings.md", cure)


def _problem(
    detail: ErrorDetails, data: Mapping[str, Any], root: type[BaseModel] = Settings, base: str = ""
) -> Problem:
    path = _path(detail["loc"], data)
    key = f"{NAMESPACE}:{base}{_dotted(path)}"
    context = detail.get("ctx", {})
    if detail["type"] == "house_rule":
        return Problem(key, context["rule"], context["cure"], _shown(path, data))
    if detail["type"] == "extra_forbidden":
        return _unknown_field(key, path, model_at(root, path[:-1], data))
    if detail["type"] == "missing":
        return Problem(key, "required", f"set {key} (docs/settings.md says what it is)")
    if detail["type"] in ("union_tag_not_found", "union_tag_invalid"):
        kinds = ", ".join(kinds_at(root, path, data))
        return Problem(f"{key}.kind", f"one of {kinds}", "choose one of them", context.get("tag"))
    return Problem(key, detail["msg"].removeprefix("Value error, "), "see docs/settings.md", _shown(path, data))


def _unknown_field(key: str, path: tuple[str | int, ...], model: type[BaseModel] | None) -> Problem:
    word = str(path[-1])
    known = [field.alias or name for name, field in model.model_fields.items()] if model else []
    near = nearest(word, known)
    if word in SECRETS or nearest(word, SECRETS):
        return Problem(key, "no secret inside an object", f"`pulumi config set --secret {NAMESPACE}:{word}`")
    cure = f"did you mean {near}?" if near else f"remove it; known here: {', '.join(known) or 'nothing'}"
    return Problem(key, "a known key", cure)


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


def _shown(path: tuple[str | int, ...], data: Any) -> Any:
    for part in path:
        data = below(data, part)
    sensitive = ("password", "secret", "token", "key", "credential")
    return HIDDEN if any(word in str(path[-1]).lower() for word in sensitive) else data


def _figures_problems(settings: Settings) -> Iterator[Problem]:
    """Overrides are laid on the table of the size and checked with it; a wrong one is named by its own key."""
    with suppress(AttributeError):
        merged = merge(TABLE[settings.size], settings.figures)
        try:
            Figures.model_validate(merged)
        except ValidationError as error:
            for detail in error.errors():
                yield _problem(detail, merged, Figures, "figures.")
