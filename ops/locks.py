"""`lock`, `unlock` and `where`: who has a stack, and what runs on it."""

import getpass
import sys
from typing import Annotated

import typer

from ops import lock as locking
from ops.stack import StackOption

Branch = Annotated[str, typer.Option("--branch", help="The branch or tag that the stack is taken for.")]


def lock(
    stack: StackOption,
    branch: Branch,
    by: Annotated[str, typer.Option(help="Who takes it.", show_default="the user of this machine")] = "",
    reason: Annotated[str, typer.Option(help="Why, for whoever finds it taken.")] = "",
    if_free: Annotated[bool, typer.Option("--if-free", help="Another branch's lock is left without an error.")] = False,
) -> None:
    """Take a stack for a branch, so that no other is deployed over it; again by the same branch changes nothing."""
    try:
        taken = locking.take(stack, branch, by or getpass.getuser(), reason)
    except locking.HeldError as error:
        if not if_free:
            raise
        sys.stdout.write(f"left: {error.lock}\n")
        return
    sys.stdout.write(f"{taken}\n")


def unlock(
    stack: StackOption,
    branch: Annotated[str, typer.Option("--branch", help="The branch that has it.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Whoever has it.")] = False,
    if_mine: Annotated[bool, typer.Option("--if-mine", help="Another branch's lock is left without an error.")] = False,
) -> None:
    """Give a stack back."""
    current = locking.held(stack)
    if current and if_mine and current.branch != branch:
        sys.stdout.write(f"left: {current}\n")
        return
    freed = locking.release(stack, branch or None, force=force)
    sys.stdout.write(f"{stack} is free{'' if freed else ' already'}\n")


def where(stack: StackOption) -> None:
    """Say who has a stack."""
    sys.stdout.write(f"{locking.held(stack) or f'{stack} is free'}\n")
