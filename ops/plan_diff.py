"""`make plan-diff`: what a change does to every stack of every folder, as one Markdown comment. No credentials.

The base is planned in a git worktree of its own, by its own code; where its `requirements.txt` differs, in a virtualenv
of its own. The head is the checkout as it stands. Neither program sees a token that this process was started with.
"""

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pulumi
import typer

from infra.preview import anew, diff, diff_report, planning
from infra.preview.change import KINDS
from infra.preview.diff import Diff
from infra.preview.errors import InputError
from infra.preview.model import Plan
from ops import base_plan
from ops.base_plan import StackName
from ops.errors import OpsError

MARKER = "<!-- make plan-diff -->"
"""The comment's first line: by it the next run finds the comment to update."""


@dataclass(frozen=True)
class Result:
    """What became of one stack: a difference, or why there is none."""

    name: StackName
    difference: Diff | None = None
    failure: str = ""


def compare(base: str) -> str:
    """The comment for the change from where `base` and the checkout part to the checkout. Raises OpsError."""
    start = base_plan.git("merge-base", base, "HEAD").strip()
    with base_plan.without_credentials(), base_plan.worktree(start) as folder:
        before = base_plan.stacks(base_plan.git("ls-tree", "-r", "--name-only", start))
        after = base_plan.stacks(base_plan.git("ls-files"))
        python = base_plan.python_for(folder)
        results = [
            _result(name, name in before, name in after, folder, python) for name in sorted_names(before | after)
        ]
    return comment(results, start)


def sorted_names(names: set[StackName]) -> list[StackName]:
    """The checkout's own stacks first, then folder by folder."""
    return sorted(names, key=lambda name: (name.folder != ".", name.folder, name.stack))


def _result(name: StackName, in_base: bool, in_head: bool, folder: Path, python: Path) -> Result:
    try:
        after = _head(name) if in_head else None
        before = base_plan.plan(name, folder, python) if in_base else None
        if isinstance(before, str):
            return Result(name, failure=f"the base cannot be planned, so nothing can be compared: {before}")
        changed = _set_anew(name, folder) if in_base and in_head else anew.NONE
        return Result(name, diff.compare(before or _without(after), after or _without(before), changed))
    except (InputError, pulumi.RunError) as error:
        return Result(name, failure=f"this change cannot be planned: {error}")
    except Exception:  # whatever the change's program does, the other stacks' plans are wanted
        return Result(name, failure=f"this change cannot be planned, it fails:\n{traceback.format_exc(limit=-5)}")


def _set_anew(name: StackName, base: Path) -> anew.SetAnew:
    return anew.between(base / name.folder, planning.ROOT / name.folder, planning.ROOT, name.stack)


def _without(plan: Plan | None) -> Plan:
    """The plan of a stack that is not there."""
    return Plan(plan.project, plan.stack, ()) if plan is not None else Plan("", "", ())


def _head(name: StackName) -> Plan:
    return planning.make(planning.Request(name.stack, planning.ROOT / name.folder)).plan


def comment(results: list[Result], base: str) -> str:
    """The whole comment: a table of all stacks, then each one's changes, shorter from where it gets too long."""
    head = [
        MARKER,
        f"## What this change does to each stack\nPlanned without credentials, compared with `{base[:10]}`.",
        "\n".join([f"| stack | {' | '.join(KINDS)} |", "|---|" + "---:|" * len(KINDS), *map(_row, results)]),
    ]
    if not any(result.failure or _told(result.difference) for result in results):
        head.append("No stack changes.")
    text = "\n\n".join(head) + "\n"
    for result in results:
        room = diff_report.COMMENT - len(text)
        parts = (_part(result, room), f"### `{result.name}`\nToo long for a comment.\n")
        part = next((part for part in parts if len(part) < room), "")
        text += f"\n{part}" if part else ""
    return text


def _told(difference: Diff | None) -> bool:
    """Whether there is something to say: a difference, or that a part of it was not looked at."""
    return difference is not None and bool(difference or difference.anew.unlooked)


def _row(result: Result) -> str:
    if result.difference is None:
        return f"| `{result.name}` | {' | '.join('?' for _ in KINDS)} |"
    counts = [str(len(result.difference.of_kind(kind)) or "") for kind in KINDS]
    return f"| `{result.name}` | {' | '.join(counts)} |"


def _part(result: Result, room: int) -> str:
    if result.difference is None:
        text = result.failure.replace("```", "'''")
        return f"### `{result.name}`\n```\n{text}\n```\n"
    if not _told(result.difference):
        return ""
    return diff_report.markdown(result.difference, str(result.name), limit=room)


def plan_diff(
    base: Annotated[str, typer.Option(help="Commit or branch that the change goes to.")] = "origin/main",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Write the comment here, not to the screen.")
    ] = None,
) -> None:
    """Plan every stack before and after a change; print what differs, or why one cannot be planned."""
    text = compare(base)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OpsError(f"OUT={out} cannot be written: {error.strerror}") from error
