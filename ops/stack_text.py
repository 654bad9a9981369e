"""The text of a stack file, changed key by key: what is encrypted stays as it is, comments and order too."""

import os
import tempfile
from pathlib import Path
from typing import cast

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
    document = cast("yaml.Node | None", yaml.compose(text, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]
    for name, config in _pairs(document):
        if isinstance(name, yaml.ScalarNode) and name.value == "config" and isinstance(config, yaml.MappingNode):
            keys = {full_key(project, str(key.value), path): (key, value) for key, value in _pairs(config)}
            if new in keys:
                raise OpsError(f"{path}: {new} is there already: `pulumi config rm {new}`, then this again")
            if full in keys:
                return config, *keys[full]
    raise OpsError(f"{path}: {full} is not where it was; is somebody else changing the file?")


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value) if isinstance(node, yaml.MappingNode) else []


def _scalar(value: yaml.Node) -> str:
    """The ciphertext: base64 after a version, so that it needs no quoting."""
    for key, sealed in _pairs(value):
        if key.value == "secure" and isinstance(sealed, yaml.ScalarNode):
            return str(sealed.value)
    raise OpsError("a secret is `secure:` and its ciphertext")
