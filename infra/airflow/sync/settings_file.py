"""Read a settings file: bytes (plain, gzip, or base64 of gzip) to plain YAML data. No message ever holds a value."""

import base64
import binascii
import gzip
import io
import re
from collections.abc import Hashable
from typing import Any, cast

import yaml

MAX_BYTES = 64 * 1024 * 1024  # of the text: far above what 1 MiB of settings unpacks to, low enough for a small pod
LONGEST_KEY = 1024  # YAML's own bound for a key without `?`
GZIP = b"\x1f\x8b"


class BadSettings(Exception):  # noqa: N818 - the word of the messages
    """The settings are not as they must be; `problems` are sentences that name a place and a rule, never a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Number(float):
    """A decimal that knows how it was written: `1.10` is another text than `1.1`, and `1E400` no infinity."""

    text: str

    def __new__(cls, text: str) -> "Number":
        made = super().__new__(cls, text)
        made.text = text
        return made


class _Loader(yaml.SafeLoader):
    """YAML with JSON's scalars: `on`, `12:30`, `0123` and `2024-01-01` stay text, and a repeated key is an error."""


def _float(_: yaml.SafeLoader, node: yaml.ScalarNode) -> Number:
    return Number(node.value)  # PyYAML's own needs YAML 1.1's dot


def _text(_: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """JSON writes what lies above U+FFFF as two escapes; PyYAML leaves two half characters of them."""
    try:
        return node.value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return node.value


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[tuple[str, str]] = set()
    for key, _ in node.value:
        name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
        if name in seen:
            raise yaml.constructor.ConstructorError(None, None, "repeated key", key.start_mark)
        if name:
            seen.add(name)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_SCALARS = {
    "null": (r"null|", ["n", ""]),
    "bool": (r"true|false", list("tf")),
    "int": (r"0|-?[1-9][0-9]*", list("-0123456789")),
    "float": (r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)", list("-0123456789")),
    "merge": (r"<<", ["<"]),
}
_CORE = "tag:yaml.org,2002:"
# written into the class as `add_implicit_resolver` would, but without SafeLoader's own, which are YAML 1.1
_Loader.yaml_implicit_resolvers = {
    first: [(_CORE + kind, re.compile(f"^(?:{rule})$")) for kind, (rule, firsts) in _SCALARS.items() if first in firsts]
    for first in {first for _, firsts in _SCALARS.values() for first in firsts}
}
# no dates, sets or bytes even where a tag asks for them: JSON has none
_Loader.yaml_constructors = {
    tag: maker
    for tag, maker in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.removeprefix(_CORE) in ("null", "bool", "int", "seq")
} | {f"{_CORE}float": _float, f"{_CORE}str": _text, f"{_CORE}map": _mapping}


def unpack(raw: bytes) -> str:
    """The settings' text from plain UTF-8, gzip, or base64 of gzip (what a Kubernetes Secret holds, mounted or not)."""
    if not raw.startswith(GZIP) and raw[:4] == b"H4sI":
        try:
            raw = base64.b64decode(raw, validate=False)
        except binascii.Error:
            raise BadSettings(["the settings begin like base64 but are not: store the file again"]) from None
    if raw.startswith(GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
                raw = packed.read(MAX_BYTES + 1)
        except (OSError, EOFError):
            raise BadSettings(["the compressed settings are damaged: store the file again"]) from None
    if len(raw) > MAX_BYTES:
        raise BadSettings([f"the settings are larger than {MAX_BYTES} bytes"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadSettings([f"the settings are not UTF-8 text: byte {error.start} cannot be read"]) from None


_CAUSES = (
    ("repeated key", "this key stands there already: leave one of them"),
    ("but found another document", "a second document begins here: keep one, without `---` in between"),
    ("could not determine a constructor", "tags (`!`, `!!`) are not read: quote the text, or leave the tag out"),
    ("found unconstructable recursive node", "an anchor (`&`) that holds itself"),
    ("found unhashable key", "a key is one text, no list and no mapping"),
    ("for merging", "`<<` takes a mapping, or a list of mappings"),
    ("undefined alias", "`*` refers to an anchor that is not there: quote a text that begins with it"),
    ("found character '\\t'", "a tab: indent by spaces"),
)


def _cause(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    """What is wrong, in words of ours: the parser's hold what it read."""
    said = f"{error.context} {error.problem}"
    if found := next((cause for words, cause in _CAUSES if words in said), None):
        return found
    near = text.splitlines()[max(line - 1, 0) : line + 1]
    too_long = any(re.search(rf"[^:]{{{LONGEST_KEY + 1},}}:", one) for one in near)
    if too_long and ("':'" in said or "mapping values" in said):
        return f"a key of more than {LONGEST_KEY} characters, which YAML takes for none: shorten it"
    cure = "quote a text that begins with one of * & ! % @ ` or holds ': ' or ' #'; indent by spaces, not tabs"
    return f"not YAML: {cure}"


def parse(text: str) -> dict[str, Any]:
    """The YAML document as plain data; raises BadSettings with line and column, but not the parser's words.

    PyYAML quotes what it read, and what it read may be a password that begins with `*`, `&`, `!` or `%`.
    """
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the text"
        raise BadSettings([f"{place}: {_cause(error, text, mark.line if mark else 0)}"]) from None
    except yaml.YAMLError:
        raise BadSettings(["the settings hold a character that YAML does not allow (a control character?)"]) from None
    except (RecursionError, ValueError):
        raise BadSettings(["the settings are nested too deep, or hold a number of thousands of digits"]) from None
    if not isinstance(data, dict):
        raise BadSettings(["the settings must be a mapping with the key `airflow`; `airflow: {}` says: nothing at all"])
    if "sops" in data:
        raise BadSettings(["the settings are encrypted by SOPS: decrypt them first by `sops -d`"])
    return cast("dict[str, Any]", data)
