"""`python -m infra.preview`: plan a stack without an account.

Exit code 0; 2 for what the user can repair (settings, files, options), with its text alone; 1 for a defect of ours.
"""

import signal

if __name__ == "__main__":  # a second of loading, in which Ctrl-C is the end and no traceback; exit_code() takes over
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import gc
import json
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from infra.preview import anew, diff, diff_report, planning, report
from infra.preview.errors import InputError, exit_code
from infra.preview.graph import mermaid
from infra.preview.planning import Request
from infra.preview.report import Line
from infra.preview.schedule import Schedule, schedule


class Format(StrEnum):
    """How the result is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Stack = Annotated[str, typer.Option(help="Stack to plan: its file is Pulumi.STACK.yaml.")]
Stacks = Annotated[
    Path, typer.Option(help="Folder of the stack files, such as examples/azure.", show_default="the checkout")
]
Config = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="What if? Plan with this value, e.g. cloud.kind=azure. Repeatable."),
]
Secret = Annotated[str | None, typer.Option(metavar="KEY", help="Check this secret's value, read from standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
Form = Annotated[
    Format | None,
    typer.Option(
        "--format", show_default="text", help="How to write the result; markdown (a pull request's comment) for --diff."
    ),
]
Earlier = Annotated[
    Path | None,
    typer.Option("--diff", metavar="PLAN.json", help="Show what changes since this plan, written by --json."),
]
Graph = Annotated[
    Path | None, typer.Option(metavar="FILE.mmd", help="Draw the plan into this file as a Mermaid flowchart.")
]
CriticalPath = Annotated[
    bool, typer.Option("--critical-path", help="Show the longest chain of creations and how long the `up` takes.")
]

_PIPED: list[str] = []
"""Secrets that were piped in, which no traceback may show."""


def main(
    stack: Stack,
    stacks: Stacks = planning.ROOT,
    config: Config = None,
    secret: Secret = None,
    as_json: AsJson = False,
    form: Form = None,
    earlier: Earlier = None,
    graph: Graph = None,
    critical_path: CriticalPath = False,
) -> None:
    """Show what the first `pulumi up` of a stack would create. Needs no Pulumi CLI, no account and no network."""
    if as_json and form not in (None, Format.JSON):
        raise InputError(f"--json and --format {form}: give one of them")
    form = Format.JSON if as_json else form or Format.TEXT
    if form is Format.MARKDOWN and earlier is None:
        raise InputError("--format markdown is for a comment on a change: give --diff PLAN.json too")
    if earlier is not None and critical_path:
        raise InputError("--diff and --critical-path answer different questions: ask one at a time")
    before = None if earlier is None else diff.load(earlier)
    secrets = {} if secret is None else {secret: _piped(secret)}
    planned = planning.make(Request(stack, stacks, config or (), secrets))
    if graph is not None:
        _write(graph, mermaid(planned.plan))
    if before is not None:
        _difference(diff.compare(before, planned.plan, anew.NO_FILES), form)
    elif critical_path:
        _times(schedule(planned.plan), form)
    elif form is Format.JSON:
        _json(planned.plan.as_json())
    else:
        _text(report.lines(planned.plan, planned.commands, planned.verb))


def _piped(key: str) -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(f"--secret {key}: its value comes from standard input, as in `… --secret {key} < FILE`")
    try:
        # Where the locale is C, Python's own decoding lets any byte pass.
        _PIPED.append(sys.stdin.buffer.read().decode())
    except UnicodeDecodeError:
        raise InputError(f"--secret {key}: standard input is not UTF-8 text") from None
    return _PIPED[-1]


def _difference(changes: diff.Diff, form: Format) -> None:
    if form is Format.JSON:
        _json(changes.as_json())
    elif form is Format.MARKDOWN:
        sys.stdout.write(diff_report.markdown(changes))
    else:
        _text(diff_report.lines(changes))


def _times(result: Schedule, form: Format) -> None:
    if form is Format.JSON:
        _json(result.as_json())
    else:
        _text(report.critical_path(result))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from error


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _text(lines: Iterable[Line]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text(line.text, style=line.style))


def run() -> int:
    """Run the command; the exit code."""
    gc.disable()  # a process of seconds: going through a plan's objects again and again costs more than they do
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    return exit_code(app, secrets=_PIPED)


if __name__ == "__main__":
    sys.exit(run())
