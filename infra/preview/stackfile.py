"""Reads `Pulumi.yaml` and `Pulumi.<stack>.yaml` as the Pulumi CLI does, and hands out the config that a program gets.

Source: sdk/go/common/workspace/config.go and sdk/go/common/resource/config of github.com/pulumi/pulumi (3.x): a stack's
value wins over the project's `value` or `default`; a scalar becomes text, an object or a list JSON text; a key without
a namespace belongs to the project; a `secure:` anywhere inside makes the whole key a secret.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from infra import settings
from infra.preview import yaml12
from infra.preview.errors import InputError
from infra.settings import Problem
from infra.settings.owners import stand_ins


@dataclass(frozen=True)
class Entry:
    """One config value: text for a scalar, a list or an object otherwise; `secure` where something is encrypted."""

    data: Any
    secure: bool = False

    @property
    def text(self) -> str:
        """What the program gets: a scalar's text, or JSON."""
        return self.data if isinstance(self.data, str) else json.dumps(_for_json(self.data), ensure_ascii=False)


@dataclass(frozen=True)
class StackFile:
    """A stack's whole config, the project's defaults included. Keys carry their namespace: `airflow:size`."""

    project: str
    stack: str
    path: Path
    entries: Mapping[str, Entry] = field(default_factory=dict[str, Entry])


def read(root: Path, stacks: Path, stack: str) -> StackFile:
    """Read the project in `root` and the file of `stack` in the folder `stacks`.

    `acme/airflow/production` is `production`: the CLI's file has no organisation and no project in its name.
    Raises InputError, and SettingsError where a value is not of the type that the project declares.
    """
    stack = stack.rpartition("/")[2]
    project = _mapping(_load(root / "Pulumi.yaml"), root / "Pulumi.yaml")
    name = str(project.get("name", ""))
    path = stacks / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = names(stacks)
        there = f"there are {', '.join(known)}" if known else "there is none"
        raise InputError(f"stack {stack!r}: no file {path}; {there} (another folder: --stacks, make's STACKS)")
    content = read_content(path)
    config = _mapping(content.get("config"), path)
    entries: dict[str, Entry] = {}
    for key, value in config.items():
        if (full := full_key(name, key, path)) in entries:  # the CLI takes one of them, now this and now that
            raise InputError(f"{path}: {key} and another spelling of {full} are one key: keep one of them")
        entries[full] = _entry(value)
    declared = _mapping(project.get("config"), root / "Pulumi.yaml")
    return StackFile(name, stack, path, _with_defaults(name, stack, declared, entries, root / "Pulumi.yaml"))


def read_content(path: Path) -> dict[str, Any]:
    """A stack file as it stands, encrypted texts included. Raises InputError."""
    content = _mapping(_load(path), path)
    return {**content, "config": _mapping(content.get("config"), path)}


def names(stacks: Path) -> list[str]:
    """The stacks whose files are in a folder."""
    return sorted(p.name.removeprefix("Pulumi.").removesuffix(".yaml") for p in stacks.glob("Pulumi.*.yaml"))


def _load(path: Path) -> Any:
    try:
        return yaml12.load(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text") from error


def _mapping(value: Any, path: Path) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{path}: a mapping of keys to values is expected, this is {type(value).__name__}")
    return {yaml12.text_of(key): item for key, item in cast(dict[Any, Any], value).items()}


def full_key(project: str, key: str, path: Path) -> str:
    """A key of a stack file with its namespace: `size`, `airflow:size` and `airflow:config:size` are one."""
    parts = key.split(":")
    if len(parts) == 3 and parts[1] == "config":  # the CLI's older spelling
        parts = [parts[0], parts[2]]
    if len(parts) > 2 or not all(parts):
        raise InputError(f"{path}: key {key!r}: a config key is <namespace>:<name>, such as {project}:size")
    return ":".join(parts) if len(parts) == 2 else f"{project}:{key}"


def _entry(value: Any) -> Entry:
    if _is_secure(value):
        return Entry("", secure=True)
    if isinstance(value, dict | list):
        return Entry(_texted_keys(value), secure=_holds_secure(value))
    return Entry(yaml12.text_of(value))


def _is_secure(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    items = cast(dict[Any, Any], value)
    return list(items) == ["secure"] and isinstance(items["secure"], str)


def _holds_secure(value: Any) -> bool:
    if isinstance(value, dict):
        items = cast(dict[Any, Any], value)
        return _is_secure(items) or any(_holds_secure(item) for item in items.values())
    return isinstance(value, list) and any(_holds_secure(item) for item in cast(list[Any], value))


def _texted_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {yaml12.text_of(key): _texted_keys(item) for key, item in cast(dict[Any, Any], value).items()}
    return [_texted_keys(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def _for_json(value: Any) -> Any:
    """Go's JSON writes a whole float without its point, and a large one with as many digits as tell it apart."""
    if isinstance(value, dict):
        return {key: _for_json(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [_for_json(item) for item in cast(list[Any], value)]
    return int(Decimal(repr(value))) if isinstance(value, float) and value.is_integer() else value


def _with_defaults(
    project: str, stack: str, declared: dict[str, Any], entries: dict[str, Entry], path: Path
) -> dict[str, Entry]:
    """Add what the project declares, and check the types of what the stack sets as the CLI does before a program.

    The CLI would stop there; here all else that is wrong with the settings is told with it.
    """
    result = dict(entries)
    problems: list[Problem] = []
    for key, declaration in declared.items():
        full = full_key(project, key, path)
        spec = cast(dict[str, Any], declaration) if isinstance(declaration, dict) else {"default": declaration}
        default = spec.get("default", spec.get("value"))
        if full in entries:
            kind = spec.get("type")
            if kind is not None and not entries[full].secure and not _is_of(kind, entries[full].data):
                problems.append(_wrong_type(full, kind, entries[full]))
        elif default is not None:
            result[full] = _entry(default)
        elif full.startswith(f"{project}:"):
            raise InputError(f"stack {stack!r} has no value for {full}, and {path.name} declares it without a default")
    if problems:
        known = tuple(problem.key for problem in problems)
        _, others = settings.examine({key: entry.text for key, entry in owner_values(result)[0].items()})
        raise settings.SettingsError([*problems, *(one for one in others if not one.key.startswith(known))])
    return result


def _wrong_type(key: str, kind: str, entry: Entry) -> Problem:
    rule, cure = f"must be of type {kind}, as Pulumi.yaml declares it", "see docs/settings.md"
    secret = settings.is_secret_key(key.partition(":")[2])
    return Problem(key, rule, cure, None if secret else entry.data)


def _is_of(kind: str, data: Any) -> bool:
    checks = {
        "string": lambda: isinstance(data, str),
        "integer": lambda: isinstance(data, str) and re.fullmatch(r"[-+]?\d+", data) is not None,
        "boolean": lambda: data in ("true", "false"),
        "array": lambda: isinstance(data, list),
        "object": lambda: isinstance(data, dict),
    }
    return checks.get(kind, lambda: True)()


def owner_values(entries: Mapping[str, Entry]) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """Replace every marked placeholder by its stand-in; also returns their config paths, sorted."""
    marked: dict[str, str] = {}
    replaced = {key: Entry(stand_ins(entry.data, key, marked), entry.secure) for key, entry in entries.items()}
    return replaced, tuple(sorted(marked))
