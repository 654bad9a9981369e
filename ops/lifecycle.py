"""`deploy` and `destroy`: the Pulumi CLI on the user's terminal, with the stack's own file."""

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from infra import versions
from infra.names import NAMES_EXPORT, renaming
from infra.preview.planning import ROOT
from infra.settings.existing import ExistingCloud
from infra.settings.release.dags import BundleDags, GitDags
from ops import pulumi_cli, registry
from ops.cluster import check_kubeconfig
from ops.errors import OpsError
from ops.stack import Rest, Stack, StackOption, StacksOption


def deploy(
    stack: StackOption,
    rest: Rest = None,
    stacks: StacksOption = ROOT,
    ref: Annotated[
        str, typer.Option(help="Branch or tag of the DAGs, set on every release that takes them by git.")
    ] = "",
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
    if why := renaming(chosen.standing().get(NAMES_EXPORT), chosen.names.resource()):
        raise OpsError(why)
    with _moved(chosen, dict(_moves(chosen, ref, image_tag))) as moved:
        moved.on_terminal("preview" if preview else "up", *(rest or ()))


def destroy(stack: StackOption, rest: Rest = None, stacks: StacksOption = ROOT) -> None:
    """Delete what the stack made: `pulumi destroy`, which shows it and asks. Protected resources refuse."""
    Stack(stack, stacks).on_terminal("destroy", *(rest or ()))


@contextmanager
def _moved(stack: Stack, moves: dict[str, str]) -> Generator[Stack]:
    """The stack with a copy of its file in which `moves` are set: the checkout's own stays as it was committed."""
    if not moves:
        yield stack
        return
    with tempfile.TemporaryDirectory(prefix="airflow-stack-") as folder:
        shutil.copy(stack.file.path, folder)
        moved = Stack(stack.name, Path(folder))
        for path, value in moves.items():
            moved.set_path(path, value)
        yield moved


def _moves(stack: Stack, ref: str, image_tag: str) -> Iterator[tuple[str, str]]:
    """The keys of the stack file that a delivery moves: where DAGs come from, and which own image runs."""
    for index, release in enumerate(stack.settings.releases):
        at, image = f"releases[{index}]", release.image
        if ref and isinstance(release.dags, GitDags):
            yield f"{at}.dags.ref", ref
        if ref and isinstance(release.dags, BundleDags):
            yield f"{at}.dags.repositories[0].ref", ref
        if image_tag and image.repository != versions.AIRFLOW_IMAGE:
            tag = registry.full_tag(image_tag)
            yield f"{at}.image.tag", tag
            if image.digest or stack.settings.production:  # it outranks the tag: the old one would run on
                yield f"{at}.image.digest", registry.digest(stack, image.repository, tag)
