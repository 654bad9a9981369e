"""`deploy` and `destroy`: the Pulumi CLI on the user's terminal, with the stack's own file."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from infra import versions
from infra.preview.planning import ROOT
from infra.settings.release import Release
from infra.settings.release.dags import BundleDags, GitDags
from ops.errors import OpsError
from ops.stack import Rest, Stack, StackOption, StacksOption


def deploy(
    stack: StackOption,
    rest: Rest = None,
    stacks: StacksOption = ROOT,
    ref: Annotated[
        str, typer.Option(help="Branch or tag of the DAGs, set on every release that takes them by git.")
    ] = "",
    image_tag: Annotated[str, typer.Option(help="Tag of the own image, set on every release that has one.")] = "",
) -> None:
    """Make the stack what its file says: `pulumi up`, which shows the changes and asks."""
    chosen = Stack(stack, stacks)
    if missing := [secret.key for secret in chosen.missing_secrets()]:
        raise OpsError(
            f"{len(missing)} secrets of {stack} are not set: {', '.join(missing)}.\n"
            f"`make secrets STACK={stack}` makes what can be made and says what a person must bring."
        )
    for path, value in _moves(chosen.settings.releases, ref, image_tag):
        chosen.set_path(path, value)
    chosen.on_terminal("up", *(rest or ()))


def destroy(stack: StackOption, rest: Rest = None, stacks: StacksOption = ROOT) -> None:
    """Delete what the stack made: `pulumi destroy`, which shows it and asks. Protected resources refuse."""
    Stack(stack, stacks).on_terminal("destroy", *(rest or ()))


def _moves(releases: Sequence[Release], ref: str, image_tag: str) -> Iterator[tuple[str, str]]:
    """The keys of the stack file that a delivery moves: where DAGs come from, and which own image runs."""
    for index, release in enumerate(releases):
        at = f"releases[{index}]"
        if ref and isinstance(release.dags, GitDags):
            yield f"{at}.dags.ref", ref
        if ref and isinstance(release.dags, BundleDags):
            yield f"{at}.dags.repositories[0].ref", ref
        if image_tag and release.image.repository != versions.AIRFLOW_IMAGE:
            yield f"{at}.image.tag", image_tag
