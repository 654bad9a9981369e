"""The verb: price, copy, steps, destroy, leftovers, report. Whatever fails, what was made is destroyed."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.preview import planning
from infra.preview.planning import ROOT
from infra.settings.owners import MARK
from ops import pulumi_cli
from ops.errors import OpsError
from ops.prove import leftovers, own_stack, steps
from ops.prove.price import Estimate, estimate
from ops.prove.report import Report, Step
from ops.prove.steps import Proof, StepError
from ops.stack import Stack, StackOption, StacksOption

Act = Callable[[Proof], str | None]
_LOOKED_AT: tuple[tuple[str, Act], ...] = (
    ("canary", steps.canary),
    ("log", steps.log),
    ("mail", steps.mail),
    ("certificate", steps.certificate),
    ("rotation", steps.rotation),
    ("fault", steps.fault),
    ("refresh", steps.refresh),
)


def prove(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    mail_to: Annotated[str, typer.Option(help="Who gets the mail, where a release sends any.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it may cost that.")] = False,
) -> None:
    """Take an ephemeral copy of a stack through its life in its own account, destroy it, and write a report."""
    source, name = Stack(stack, stacks), own_stack.new_name()
    pulumi_cli.require()
    _check(source)
    foreseen = estimate(source.settings, planning.Request(stack, stacks))
    _ask(source, name, foreseen, yes)
    began, made = datetime.now(UTC), own_stack.begin(source, name)
    proof, done = Proof(made, mail_to), list[Step]()
    try:
        _live(proof, done)
    finally:
        _end(proof, done)
        commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
        found = (source.name, made.settings, commit.stdout.strip(), began, foreseen, tuple(done), proof.created)
        report = Report(*found)
        file = ROOT / "build" / "prove" / f"{source.file.stack}-{began:%Y%m%dT%H%MZ}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(report))
        sys.stdout.write(f"\n{report}\nwritten to {file.relative_to(ROOT)}\n")
    if not report.good:
        raise typer.Exit(1)


def _check(source: Stack) -> None:
    if source.placeholders:
        raise OpsError(f"{len(source.placeholders)} values of {source.file.path} are still marked {MARK}: fill them in")
    if lacking := own_stack.lacking(source):
        raise OpsError(f"{source.name} has no {', '.join(lacking)}, which only you have: `make secrets {source.given}`")
    if asked := leftovers.command(source.settings, source.names):
        leftovers.require(asked[0])


def _ask(source: Stack, name: str, foreseen: Estimate, yes: bool) -> None:
    sys.stdout.write(
        f"An ephemeral copy of {source.name} called {name} is made where {source.name} is, looked at, and destroyed:\n"
        f"{foreseen}.\n"
    )
    sys.stdout.flush()
    if yes:
        return
    if not sys.stdin.isatty():
        raise OpsError("nobody can be asked here whether it may cost that: YES=1")
    if input(f"Type {name} to begin: ") != name:
        raise OpsError("nothing was made")


def _live(proof: Proof, done: list[Step]) -> None:
    for name, act in (("secrets", steps.secrets), ("up", steps.up)):
        if not _step(proof, done, name, act):
            return
    for name, act in _LOOKED_AT:
        _step(proof, done, name, act)


def _end(proof: Proof, done: list[Step]) -> None:
    gone = _step(proof, done, "destroy", steps.destroy)
    _step(proof, done, "leftovers", _nothing_left)
    stack = proof.stack
    if gone:
        own_stack.forget(stack)
    else:
        sys.stderr.write(f"{stack.name} still stands: mend what stopped it, then `make destroy {stack.given}`\n")


def _nothing_left(proof: Proof) -> str:
    left, going = leftovers.standing(proof.stack)
    if left:
        raise StepError(f"{len(left)} still carry its tags: {', '.join(left)}")
    return "nothing carries its tags" + (f", but what the cloud deletes by itself: {', '.join(going)}" if going else "")


def _step(proof: Proof, done: list[Step], name: str, act: Act) -> bool:
    sys.stdout.write(f"\n=== {name}\n")
    sys.stdout.flush()
    started = time.monotonic()
    try:
        seen, failed = act(proof) or "", ""
    except (StepError, OpsError) as error:
        seen, failed = "", str(error)
        sys.stderr.write(f"{name}: {error}\n")
    done.append(Step(name, time.monotonic() - started, seen, failed))
    return not failed
