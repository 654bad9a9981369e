"""`lock`, `unlock` and `where`: who has a stack, and what runs on it."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.preview.planning import ROOT
from ops import lock as locking
from ops.errors import OpsError
from ops.stack import Stack, StackOption, StacksOption


def lock(
    stack: StackOption,
    branch: Annotated[str, typer.Option("--branch", help="The branch or tag that the stack is taken for.")] = "",
    stacks: StacksOption = ROOT,
    by: Annotated[str, typer.Option(help="Who takes it.", show_default="the user of this machine")] = "",
    reason: Annotated[str, typer.Option(help="Why, for whoever finds it taken.")] = "",
    if_free: Annotated[bool, typer.Option("--if-free", help="Another branch's lock is left without an error.")] = False,
) -> None:
    """Take a stack for a branch, so that no other is deployed over it; again by the same branch changes nothing."""
    if not branch:
        raise OpsError("for which branch? BRANCH=…")
    try:
        taken = locking.take(_known(stack, stacks), branch, by or getpass.getuser(), reason)
    except locking.HeldError as error:
        if not if_free:
            raise
        sys.stdout.write(f"left: {error.lock}\n")
        return
    sys.stdout.write(f"{taken}\n")


def unlock(
    stack: StackOption,
    branch: Annotated[str, typer.Option("--branch", help="The branch that has it.")] = "",
    stacks: StacksOption = ROOT,
    force: Annotated[bool, typer.Option("--force", help="Whoever has it.")] = False,
    if_mine: Annotated[bool, typer.Option("--if-mine", help="Another branch's lock is left without an error.")] = False,
) -> None:
    """Give a stack back."""
    name = _known(stack, stacks)
    try:
        freed = locking.release(name, branch, force=force)
    except locking.HeldError as error:
        if not if_mine:
            raise
        sys.stdout.write(f"left: {error.lock}\n")
        return
    sys.stdout.write(f"{name} is free{'' if freed else ' already'}\n")


def where(stack: StackOption, stacks: StacksOption = ROOT) -> None:
    """Say who has a stack."""
    name = _known(stack, stacks)
    sys.stdout.write(f"{locking.held(name) or f'{name} is free'}\n")


def _known(stack: str, stacks: Path) -> str:
    """The stack's own name, whichever way it was given: one stack has one lock. A misspelt one would lock nothing."""
    return Stack(stack, stacks).file.stack
