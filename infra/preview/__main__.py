"""`python -m infra.preview`: plan a stack without an account.

Exit code 0; 2 for what the user can repair (settings, files, options), with its text alone; 1 for a defect of ours.
"""

import json
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pulumi
import typer
from rich.console import Console
from rich.text import Text

from infra.preview import planning, report
from infra.preview.errors import InputError
from infra.preview.planning import Planned, Request


class Format(StrEnum):
    """How the result is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def main(
    stack: Annotated[str, typer.Option(help="Stack to plan: its file is Pulumi.STACK.yaml.")],
    stacks: Annotated[
        Path, typer.Option(help="Folder of the stack files, such as examples/azure.", show_default="the checkout")
    ] = planning.ROOT,
    config: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="What if? Plan with this value, e.g. cloud.kind=azure. Repeatable."),
    ] = None,
    secret: Annotated[
        str | None, typer.Option(metavar="KEY", help="Check this secret's value, read from standard input.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to write the result.")] = Format.TEXT,
) -> None:
    """Show what the first `pulumi up` of a stack would create. Needs no Pulumi CLI, no account and no network."""
    form = Format.JSON if as_json else form
    secrets = {} if secret is None else {secret: sys.stdin.read()}
    planned = planning.make(Request(stack, stacks, config or (), secrets))
    if form is Format.JSON:
        _json(planned.plan.as_json())
    else:
        _tree(planned)


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _tree(planned: Planned) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for line in report.lines(planned.plan, planned.commands):
        console.print(Text(line.text, style=line.style))


def run() -> int:
    """Run the command; the exit code."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        return app(standalone_mode=True) or 0
    except (InputError, pulumi.RunError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except Exception:
        sys.stderr.write("The program has a defect (yours to report, ours to repair):\n")
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    sys.exit(run())
