"""`publish`: builds the image and pushes it to where a stack's releases pull it from."""

import sys
from typing import Annotated

import typer

from infra import versions
from infra.preview.planning import ROOT
from ops import registry
from ops.stack import Stack, StackOption, StacksOption


def publish(
    stack: StackOption,
    image_tag: Annotated[str, typer.Option(help="The image's new tag; what is pushed once is never changed.")],
    stacks: StacksOption = ROOT,
) -> None:
    """Build the image with this checkout's DAGs and push it for every release that has an image of its own."""
    chosen = Stack(stack, stacks)
    own = {release.image.repository for release in chosen.settings.releases} - {versions.AIRFLOW_IMAGE}
    if not own:
        sys.stdout.write(f"every release of {stack} runs the official image: nothing to publish\n")
        return
    registry.log_in(chosen)
    tag = registry.full_tag(image_tag)
    for repository in sorted(own):
        if registry.holds(repository, tag):  # a commit that is deployed again; the registry takes no tag twice
            sys.stdout.write(f"{repository}:{tag} is there already\n")
            continue
        registry.run(["make", "--no-print-directory", "image", "push", f"IMAGE={repository}", f"TAG={tag}"])
