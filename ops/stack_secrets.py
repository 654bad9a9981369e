"""`secrets`: makes what can be made, says what a person must bring; no value is ever shown or overwritten.

With a second release, what the first one has used moves under its name first: a new key would cost it its data.
"""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra import settings
from infra.preview.planning import ROOT
from infra.settings import SecretKey
from ops import deploy_key
from ops.carried_secrets import Carried, carry
from ops.errors import OpsError
from ops.stack import Stack, StackOption, StacksOption

MACHINE = "local"
"""`make edit-secret STACK=local` edits this machine's file; a stack of that name takes the same file."""


def secrets(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    ssh_key: Annotated[
        bool, typer.Option("--ssh-key", help="Make the SSH key of the DAG repository too, and print its public half.")
    ] = False,
) -> None:
    """Create the secrets that a stack needs and store them encrypted; say which ones a person must bring."""
    chosen = Stack(stack, stacks)
    if plain := sorted(_in_the_clear(chosen)):
        keys = "\n".join(f"  `pulumi config rm {key} {chosen.for_pulumi}`, then this again" for key in plain)
        raise OpsError(
            f"these secrets stand in {chosen.file.path} in the clear; take them for known to others:\n{keys}"
        )
    if carried := carry(chosen):
        chosen = Stack(stack, stacks)  # its file is another by now
        _tell(chosen, carried)
    if ssh_key:
        deploy_key.bring(chosen)
        chosen = Stack(stack, stacks)  # with the key
    missing = chosen.missing_secrets()
    for secret in missing:
        if secret.spec.generate:
            chosen.set_secret(secret.key, secret.spec.generate())
    _report(chosen, missing)


def _in_the_clear(stack: Stack) -> Iterator[str]:
    for full, entry in stack.file.entries.items():
        key = full.partition(":")[2]
        if settings.is_secret_key(key) and entry.text and not entry.secure:
            yield full


def _tell(stack: Stack, carried: list[Carried]) -> None:
    owner = carried[0].new.partition(":")[2].partition(".")[0]
    sys.stdout.write(f"{stack.name} has more than one release by now. What {owner} has used so far carries its name:\n")
    for one in carried:
        copied = " (and stays for the whole stack)" if one.kept else ""
        sys.stdout.write(f"  {one.old} is now {one.new}{copied}\n")
    sys.stdout.write("Nothing was decrypted or changed in value: commit the stack file.\n\n")


def _report(stack: Stack, missing: tuple[SecretKey, ...]) -> None:
    table = Table("secret", "state", "what it is", box=None, header_style="bold", pad_edge=False)
    for secret in settings.required_secrets(stack.settings):
        if secret not in missing:
            state = "was there"
        else:
            state = "made and stored" if secret.spec.generate else "[bold red]to be brought[/]"
        table.add_row(f"{stack.file.project}:{secret.key}", state, secret.spec.purpose)
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    console.print(table)
    brought = [secret for secret in missing if not secret.spec.generate]
    if brought:
        console.print("\nA person has these; give each with:")
    for secret in brought:
        console.print(f"  {set_command(stack, secret)}", soft_wrap=True, markup=False)
    if any(secret.spec.name == deploy_key.NAME for secret in brought):
        console.print(
            f"`make secrets {stack.given} SSH_KEY=1` makes the SSH key and prints its public half", soft_wrap=True
        )


def set_command(stack: Stack, secret: SecretKey) -> str:
    """What stores a secret that a person has."""
    if secret.spec.name == "settings" and stack.name != MACHINE:
        release = f" RELEASE={secret.release}" if secret.key != "settings" else ""
        return f"make edit-secret {stack.given}{release}"
    command = f"pulumi config set --secret {stack.file.project}:{secret.key} {stack.for_pulumi}"
    file = f"settings/{MACHINE}/secret.yaml" if secret.spec.name == "settings" else "FILE"
    return f"{command} < {file}" if secret.spec.multiline else command
