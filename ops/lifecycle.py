"""`deploy` and `destroy`: the Pulumi CLI on the user's terminal, with the stack's own file."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from infra.names import NAMES_EXPORT, renaming
from infra.preview.planning import ROOT
from infra.settings.existing import ExistingCloud
from ops import dag_source, moves, publish, pulumi_cli, registry
from ops.cluster import check_kubeconfig
from ops.errors import OpsError
from ops.moves import Delivery, moved
from ops.stack import Rest, Stack, StackOption, StacksOption


def deploy(
    stack: StackOption,
    rest: Rest = None,
    stacks: StacksOption = ROOT,
    ref: Annotated[
        str, typer.Option(help="Branch or tag of the DAGs, set on every release that takes them by git.")
    ] = "",
    branch: Annotated[
        str, typer.Option(help="Branch or tag of this program, set where the DAGs lie in its own repository.")
    ] = "",
    reset: Annotated[
        bool, typer.Option("--reset", help="DAGs by the stack file again, where an earlier --ref moved them.")
    ] = False,
    image_tag: Annotated[str, typer.Option(help="Tag of the own image, as `publish` takes it.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Show what would change: `pulumi preview`.")] = False,
) -> None:
    """Make the stack what its file says: `pulumi up`, which shows the changes and asks."""
    chosen = Stack(stack, stacks)
    cloud = chosen.settings.cloud
    pulumi_cli.require()
    if isinstance(cloud, ExistingCloud) and cloud.kubeconfig != "secret":
        check_kubeconfig(stack, cloud)  # the engine would take a path that is not there for the content
    if missing := [secret.key for secret in chosen.missing_secrets()]:
        raise OpsError(
            f"{len(missing)} secrets of {stack} are not set: {', '.join(missing)}.\n"
            f"`make secrets {chosen.given}` makes what can be made and says what a person must bring."
        )
    if why := renaming(chosen.standing.get(NAMES_EXPORT), chosen.names.resource()):
        raise OpsError(why)
    delivery = Delivery(ref, branch, image_tag, reset)
    if not preview:
        delivery = replace(delivery, image_tag=image_tag or _first_image(chosen, delivery, rest or ()))
    with moved(chosen, delivery) as copy:
        dag_source.check(copy)
        copy.on_terminal("preview" if preview else "up", *(rest or ()))


def destroy(stack: StackOption, rest: Rest = None, stacks: StacksOption = ROOT) -> None:
    """Delete what the stack made: `pulumi destroy`, which shows it and asks. Protected resources refuse."""
    if given := {"--skip-preview", "-f"} & set(rest or ()):
        raise OpsError(
            f"destroy takes no {given.pop()}: the preview is what stops at a protected resource, and without it Pulumi "
            "deletes all others first. Leave it out; `--yes` alone asks nothing"
        )
    Stack(stack, stacks).on_terminal("destroy", *(rest or ()))


def _first_image(stack: Stack, delivery: Delivery, rest: Sequence[str]) -> str:
    """The tag of this commit's image, published, where a release wants an own one and none runs yet; else nothing.

    The registry comes with the stack: where it is not there, the stack comes up with the official image before.
    """
    own = [release.name for release in stack.settings.releases if release.image.own]
    there = moves.deployed(stack) if own else {}
    wanting = [name for name in own if not registry.is_own(str(there.get(name, {}).get("image", "")))]
    if not wanting:
        return ""
    tag = registry.commit_tag()
    registry.require()
    who = ", ".join(wanting)
    if any(r.image.own and r.image.official for r in stack.settings.releases) and not stack.outputs().get("registry"):
        _say(f"{stack.name} has no registry for the image of {who} yet: it comes up with the official one first")
        with moved(stack, delivery) as copy:
            dag_source.check(copy)
            copy.on_terminal("up", *rest)
    _say(f"{who} runs no image of its own yet: this commit's is built and pushed")
    publish.push(stack, tag)
    return tag


def _say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()
