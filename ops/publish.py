"""`publish`: builds the image and pushes it to where a stack's releases pull it from."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from infra.preview.planning import ROOT
from infra.settings.release import ImageDags
from ops import dag_source, registry
from ops.errors import OpsError
from ops.stack import Stack, StackOption, StacksOption


def publish(
    stack: StackOption,
    image_tag: Annotated[str, typer.Option(help="The image's new tag; what is pushed once is never changed.")] = "",
    stacks: StacksOption = ROOT,
    dags: Annotated[Path, typer.Option(help="Folder of the DAGs that are baked in.")] = ROOT / "dags",
    requirements: Annotated[str, typer.Option(help="File of more packages (docs/image.md).")] = "",
) -> None:
    """Build the image with this checkout's DAGs and push it for every release that has an image of its own."""
    chosen = Stack(stack, stacks)
    if not any(release.image.own or not release.image.official for release in chosen.settings.releases):
        _nothing(chosen, requirements)
        return
    push(chosen, image_tag or registry.commit_tag(), dags, requirements)


def push(stack: Stack, image_tag: str, dags: Path = ROOT / "dags", requirements: str = "") -> None:
    """Build and push the image under this tag, once for each repository; one that is there stays."""
    _check_baked(stack, dags)
    images = [one.image for one in stack.settings.releases if one.image.own or not one.image.official]
    repositories = sorted({registry.repository(stack, image) for image in images})
    registry.log_in(stack)
    tag = registry.full_tag(image_tag)
    for repository in repositories:
        if registry.holds(repository, tag):  # a commit that is deployed again; the registry takes no tag twice
            sys.stdout.write(f"{repository}:{tag} is there already\n")
            continue
        given = [f"IMAGE={repository}", f"TAG={tag}"]
        given += [f"DAGS={dags}"] if dags.resolve() != ROOT / "dags" else []
        given += [f"REQUIREMENTS={requirements}"] if requirements else []
        registry.run(["make", "--no-print-directory", "image", "push", *given])


def _nothing(stack: Stack, requirements: str) -> None:
    """Every release runs the official image. Raises OpsError where one, or who calls, expects another."""
    cure = "set image.own of the release (docs/image.md)"
    for index, release in enumerate(stack.settings.releases):
        if isinstance(release.dags, ImageDags):
            raise OpsError(
                f"nothing to publish, and release {release.name} reads its DAGs from its image: "
                f"airflow:releases[{index}] runs the official one, which holds none. "
                f"Either {cure}, or give dags a source (bundle, git, share)"
            )
    if requirements:
        raise OpsError(f"REQUIREMENTS={requirements}: every release of {stack.name} runs the official image; {cure}")
    sys.stdout.write(f"every release of {stack.name} runs the official image: nothing to publish\n")


def _check_baked(stack: Stack, dags: Path) -> None:
    """A canary that no image holds is told here, where the image's DAGs lie, and not after an hour of silence."""
    canary = dag_source.canary_of(stack)
    for release in stack.settings.releases:
        if canary and isinstance(release.dags, ImageDags) and not dag_source.holds(dags, canary):
            raise OpsError(
                f"airflow:platform.monitoring.canaryDag = {canary}: release {release.name} reads its DAGs from its "
                f"image, and {dags} has no DAG of that name"
            )
