"""`--config KEY=VALUE` and `--secret KEY`: the stack's config with a few values changed, the files left alone.

KEY is a config path as in `pulumi config set --path`: `size`, `cloud.kind`, `releases[0].executor`,
`tags["cost.center"]`. VALUE is read as YAML: `true`, `3` and `[a, b]` are what they would be in the stack file.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from infra import settings
from infra.preview import paths, yaml12
from infra.preview.errors import InputError
from infra.preview.stackfile import Entry


def apply(entries: Mapping[str, Entry], project: str, assignments: Sequence[str]) -> dict[str, Entry]:
    """The entries after every `KEY=VALUE`. A secret's key is flat: its dot is no path.

    Raises InputError for what is no assignment or leads through a value that is no object or list.
    """
    result = dict(entries)
    for assignment in assignments:
        if re.search("[\ud800-\udfff]", assignment):  # what Python makes of bytes that are no UTF-8
            raise InputError(f"--config {assignment!r}: this is not UTF-8 text")
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise InputError(f"--config {assignment!r}: KEY=VALUE is expected, such as --config cloud.kind=azure")
        namespace, path = _split(project, key.strip())
        if settings.is_secret_key(path):
            result[f"{namespace}:{path}"] = Entry(text)
            continue
        first, *rest = _steps(path, assignment)
        full = f"{namespace}:{first}"
        value = _value(text)
        if rest:
            old = result[full].data if full in result else None
            result[full] = Entry(_placed(old, rest, value, assignment))
        else:
            result[full] = Entry(value if isinstance(value, dict | list) else yaml12.text_of(value))
    return result


def secret(key: str, text: str) -> tuple[str, str]:
    """The full key of `--secret KEY`, and its value from standard input: like the CLI, without one final newline.

    Raises InputError where no secret has that key.
    """
    namespace, path = _split(settings.NAMESPACE, key.strip())
    full = f"{namespace}:{path}"
    if namespace != settings.NAMESPACE or not settings.is_secret_key(path):
        known = namespace == settings.NAMESPACE and re.split(r"[.\[]", path)[0] in settings.FIELDS
        cure = f"a setting is given by --config {path}=…" if known else settings.unknown_key(full).cure
        raise InputError(f"--secret {key!r}: no secret has this key; {cure}")
    return full, text.removesuffix("\n").removesuffix("\r")


def _split(project: str, key: str) -> tuple[str, str]:
    match = re.match(r"^([A-Za-z0-9_-]+):(.+)$", key)
    return (match[1], match[2]) if match else (project, key)


def _steps(path: str, assignment: str) -> list[str | int]:
    try:
        return paths.steps(path)
    except ValueError as error:
        raise InputError(
            f"--config {assignment!r}: {path!r} is no config path, such as releases[0].executor"
        ) from error


def _value(text: str) -> Any:
    if not text.strip():
        return ""
    if text.lstrip().startswith(("[", "{", '"', "'")):
        return yaml12.load(text, "--config")
    try:
        value = yaml12.load(text, "--config")
    except InputError:
        return text  # such as `@daily`: a plain word to people, not to YAML
    return text if isinstance(value, dict) else value  # such as `a: b`


def _placed(old: Any, path: list[str | int], value: Any, assignment: str) -> Any:
    """A copy of `old` with `value` at `path`; missing objects and the next item of a list are made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if old in (None, ""):
        old = [] if isinstance(step, int) else {}
    if isinstance(step, str) and isinstance(old, dict):
        items = cast(dict[str, Any], old)
        return {**items, step: _placed(items.get(step), rest, value, assignment)}
    if isinstance(step, int) and isinstance(old, list) and step <= len(cast(list[Any], old)):
        listed = cast(list[Any], old)
        before = listed[step] if step < len(listed) else None
        return [*listed[:step], _placed(before, rest, value, assignment), *listed[step + 1 :]]
    where = f"[{step}]" if isinstance(step, int) else step
    kind = f"a list of {len(cast(list[Any], old))}" if isinstance(old, list) else type(old).__name__
    raise InputError(f"--config {assignment!r}: there is no {where} to set in {kind}")
