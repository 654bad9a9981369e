"""A diff of two plans as text for a terminal, and as Markdown for a comment on a pull request."""

from collections.abc import Iterator

from infra.preview.change import KINDS, Change
from infra.preview.diff import Diff
from infra.preview.paths import Edit
from infra.preview.report import Line, short_type, shown

COMMENT = 60_000
"""Characters that a comment may have: GitHub takes 65,536."""
_CLOUDS = {"aws": "AWS", "azure-native": "Azure"}
_SIGNS = {"replaced": "±", "deleted": "-", "changed": "~", "created": "+"}
_STYLES = {"replaced": "magenta", "deleted": "red", "changed": "yellow", "created": "green"}


def lines(diff: Diff) -> Iterator[Line]:
    """The diff for a terminal."""
    yield Line(f"{diff.after.project}/{diff.after.stack}: {_counts(diff)}", "bold")
    for kind in KINDS:
        changes = diff.of_kind(kind)
        if changes:
            yield Line("")
            yield Line(f"{kind} ({len(changes)}):", "bold")
        for change in changes:
            yield Line(
                f" {_SIGNS[kind]} {_title(change)}{''.join(f'  [{flag}]' for flag in _flags(change))}", _STYLES[kind]
            )
            for text in _details(change):
                yield Line(f"       {text}")
    for title, items in _notes(diff):
        yield Line("")
        yield Line(f"{title} ({len(items)}):", "bold")
        for text in items:
            yield Line(f"       {text}")


def _notes(diff: Diff) -> Iterator[tuple[str, list[str]]]:
    """What changes beside the resources, with a title each."""
    notes = {
        "exports changed": [_edit(edit) for edit in diff.outputs],
        "secrets set anew": [_set_anew(diff, key) for key in diff.anew.keys],
        "encrypted values were not looked at": [diff.anew.unlooked] if diff.anew.unlooked else [],
        "secrets to be set before the next `pulumi up`": list(diff.secrets),
        "new warnings": list(diff.warnings),
    }
    yield from ((title, items) for title, items in notes.items() if items)


def _set_anew(diff: Diff, key: str) -> str:
    """`main.fernetKey; then replaced: Secret main-fernet, …`."""
    following = diff.following(key)
    named = {
        kind: ", ".join(
            f"{short_type(change.resource.type).rpartition(':')[2]} {change.resource.name}"
            for change in following
            if change.kind == kind
        )
        for kind in ("replaced", "changed")
    }
    return "; ".join([key, *(f"then {kind}: {names}" for kind, names in named.items() if names)])


def markdown(diff: Diff, title: str = "", *, limit: int = COMMENT) -> str:
    """The diff as a comment: what loses data first and in the open, the long rest folded.

    `title` names the stack. What is longer than `limit` leaves out the properties, then all but what loses data.
    """
    head = [f"### `{_code(title or diff.after.stack)}`: {_counts(diff)}"]
    lost = [change for change in diff.changes if change.loses_data]
    if lost:
        head.append("> [!CAUTION]\n" + "\n".join(f"> - **{_loss(change)}**" for change in lost))
    notes = [
        "\n".join([f"{name.capitalize()}:", *(f"- `{_code(text)}`" for text in items)]) for name, items in _notes(diff)
    ]
    texts = ("\n\n".join([*head, *_folds(diff, brief), *notes]) + "\n" for brief in (False, True))
    rest = "The rest is too long for a comment: `--diff` without `--format` shows it (docs/preview.md).\n"
    return next((text for text in texts if len(text) <= limit), "\n\n".join([*head, *notes, rest]))


def _folds(diff: Diff, brief: bool) -> Iterator[str]:
    for kind in KINDS:
        changes = diff.of_kind(kind)
        if changes:
            body = "\n".join(_item(change, brief) for change in changes)
            opened = " open" if kind in ("replaced", "deleted") else ""
            yield f"<details{opened}><summary>{kind}: {len(changes)}</summary>\n\n{body}\n\n</details>"


def _counts(diff: Diff) -> str:
    counts = [f"{len(diff.of_kind(kind))} {kind}" for kind in KINDS if diff.of_kind(kind)]
    return ", ".join(counts) or ("no resource changes" if diff else "nothing changes")


def _title(change: Change) -> str:
    return f"{short_type(change.resource.type)}  {change.resource.name}"


def _flags(change: Change) -> Iterator[str]:
    if change.refused:
        yield f"refused by {_CLOUDS.get(change.resource.package, change.resource.package)}"
    if change.loses_data:
        yield "loses its data"
    if change.protected and change.kind in ("replaced", "deleted"):
        yield "protected: `pulumi up` refuses until it is unprotected"


def _details(change: Change) -> Iterator[str]:
    if change.because:
        yield change.because
    if change.consequence:
        yield change.consequence
    yield from map(_edit, change.edits)


def _edit(edit: Edit) -> str:
    forces = "   (replaces)" if edit.replaces else "   (cannot be changed)" if edit.refused else ""
    return f"{edit.path}: {_value(edit.before, edit.after)} → {_value(edit.after, edit.before)}{forces}"


def _value(value: object, other: object) -> str:
    return "(none)" if value is None else shown(value, other)


def _loss(change: Change) -> str:
    word = "is replaced" if change.kind == "replaced" else "is deleted"
    guard = "protected, so `pulumi up` refuses" if change.protected else "not protected: its data is lost"
    return f"`{_code(_title(change))}` {word} ({guard})"


def _item(change: Change, brief: bool) -> str:
    flags = "".join(f" — **{flag}**" for flag in _flags(change))
    head = f"- `{_SIGNS[change.kind]} {_code(_title(change))}`{flags}"
    return "\n".join([head, *(f"  - `{_code(text)}`" for text in _details(change) if not brief)])


def _code(text: str) -> str:
    """Safe between backticks."""
    return text.replace("`", "'")
