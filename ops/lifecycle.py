"""`deploy` and `destroy`: the Pulumi CLI on the user's terminal, with the stack's own file."""

from infra.preview.planning import ROOT
from ops.errors import OpsError
from ops.stack import Rest, Stack, StackOption, StacksOption


def deploy(stack: StackOption, rest: Rest = None, stacks: StacksOption = ROOT) -> None:
    """Make the stack what its file says: `pulumi up`, which shows the changes and asks."""
    chosen = Stack(stack, stacks)
    if missing := [secret.key for secret in chosen.missing_secrets()]:
        raise OpsError(
            f"{len(missing)} secrets of {stack} are not set: {', '.join(missing)}.\n"
            f"`make secrets STACK={stack}` makes what can be made and says what a person must bring."
        )
    chosen.on_terminal("up", *(rest or ()))


def destroy(stack: StackOption, rest: Rest = None, stacks: StacksOption = ROOT) -> None:
    """Delete what the stack made: `pulumi destroy`, which shows it and asks. Protected resources refuse."""
    Stack(stack, stacks).on_terminal("destroy", *(rest or ()))
