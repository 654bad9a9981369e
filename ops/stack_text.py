"""The text of a stack file, changed key by key: what is encrypted stays as it is, comments and order too."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from infra.preview.stackfile import full_key
from ops.errors import OpsError


def with_name(text: str, path: Path, project: str, old: str, new: str, *, keep: bool = False) -> str:
    """The text with the secret of the full key `old` under `new`; with `keep` it stands under both.

    The ciphertext is not bound to its key: sdk/go/common/resource/config/crypt.go of github.com/pulumi/pulumi seals
    each value by itself. `path` is for messages.
    """
    config, key, value = _entry(text, path, project, old, new)
    start, end = key.start_mark.index, key.end_mark.index
    if not keep:
        return text[:start] + new + text[end:]
    sealed = _scalar(value)
    same = f'{{secure: "{sealed}"}}'
    if config.flow_style:
        return f"{text[:start]}{new}: {same}, {text[start:]}"
    indent = " " * key.start_mark.column
    return f"{text[:start]}{new}:\n{indent}  secure: {sealed}\n{indent}{text[start:]}"


def write(path: Path, text: str) -> None:
    """Put the text in place of the file's at once, with its mode; an interruption leaves one or the other."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise OpsError(f"{path} cannot be written: {error.strerror}") from error
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path) -> str:
    """The text as it stands, line ends included."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise OpsError(f"{path} cannot be read: {error}") from error


def _entry(text: str, path: Path, project: str, full: str, new: str) -> tuple[yaml.MappingNode, yaml.Node, yaml.Node]:
    """The `config` mapping, and the nodes of the key `full` in it and its value; `new` must not be there."""
    for name, config in _pairs(_document(text)):
        if isinstance(name, yaml.ScalarNode) and name.value == "config" and isinstance(config, yaml.MappingNode):
            keys = {full_key(project, str(key.value), path): (key, value) for key, value in _pairs(config)}
            if new in keys:
                raise OpsError(f"{path}: {new} is there already: `pulumi config rm {new}`, then this again")
            if full in keys:
                return config, *keys[full]
    raise OpsError(f"{path}: {full} is not where it was; is somebody else changing the file?")


def _document(text: str) -> yaml.Node | None:
    return cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value) if isinstance(node, yaml.MappingNode) else []


def _scalar(value: yaml.Node) -> str:
    """The ciphertext: base64 after a version, so that it needs no quoting."""
    for key, sealed in _pairs(value):
        if key.value == "secure" and isinstance(sealed, yaml.ScalarNode):
            return str(sealed.value)
    raise OpsError("a secret is `secure:` and its ciphertext")


def without_release(text: str, path: Path, project: str, name: str) -> str:
    """The text without the release's entry in `releases` and without its secrets (`NAME.fernetKey`, …).

    Raises OpsError where what is left would not say just that, as with YAML's anchors.
    """
    wanted = _data_without(text, path, project, name)
    cuts = list(_cuts(text, path, project, name))
    for start, end in sorted(cuts, reverse=True):
        text = text[:start] + text[end:]
    try:
        same = yaml.safe_load(text) == wanted
    except yaml.YAMLError:  # what was cut out held an anchor
        same = False
    if not same:
        raise OpsError(f"{path}: the entry of {name} cannot be cut out by itself; remove it by hand, then this again")
    return text


def _data_without(text: str, path: Path, project: str, name: str) -> Any:
    data: dict[str, Any] = yaml.safe_load(text)
    config: dict[str, Any] = data["config"]
    for key in list(config):
        full = full_key(project, key, path)
        if full == f"{project}:releases":
            config[key] = [one for one in config[key] if one["name"] != name]
        elif full.startswith(f"{project}:{name}."):
            del config[key]
    return data


def _cuts(text: str, path: Path, project: str, name: str) -> Iterator[tuple[int, int]]:
    """Where the release's entry and secrets begin and end: whole lines, or items of a list or mapping in brackets."""
    for top, config in _pairs(_document(text)):
        if top.value != "config" or not isinstance(config, yaml.MappingNode):
            continue
        pairs = _pairs(config)
        for number, (key, value) in enumerate(pairs):
            full = full_key(project, str(key.value), path)
            if full.startswith(f"{project}:{name}."):
                yield _cut(text, [key for key, _ in pairs], [value for _, value in pairs], number, config.flow_style)
            elif full == f"{project}:releases" and isinstance(value, yaml.SequenceNode):
                items = cast("list[yaml.Node]", value.value)
                for place, item in enumerate(items):
                    if any(k.value == "name" and v.value == name for k, v in _pairs(item)):
                        yield _cut(text, items, items, place, value.flow_style)


def _cut(text: str, first: list[yaml.Node], last: list[yaml.Node], number: int, flow: bool | None) -> tuple[int, int]:
    start, end = first[number].start_mark.index, _end(last[number])
    if not flow:
        return text.rfind("\n", 0, start) + 1, (text.find("\n", end) + 1) or len(text)
    if number + 1 < len(first):
        return start, first[number + 1].start_mark.index
    return (_end(last[number - 1]) if number else start), end


def _end(node: yaml.Node) -> int:
    """Where a node's own text ends; PyYAML's end of a block is where the next one begins."""
    inner: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        inner = [value for _, value in _pairs(node)]
    elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
        inner = cast("list[yaml.Node]", node.value)
    return _end(inner[-1]) if inner else node.end_mark.index
