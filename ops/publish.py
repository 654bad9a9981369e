"""`publish`: builds the image and pushes it to where a stack's releases pull it from."""

import shlex
import subprocess
import sys
from typing import Annotated

import typer

from infra import versions
from infra.preview.planning import ROOT
from ops.errors import OpsError
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
    if login := chosen.outputs().get("registryLoginCommand"):
        _run(["bash", "-o", "pipefail", "-c", str(login)])
    for repository in sorted(own):
        _run(["make", "--no-print-directory", "image", "push", f"IMAGE={repository}", f"TAG={image_tag}"])


def _run(command: list[str]) -> None:
    sys.stdout.write(f"{shlex.join(command)}\n")
    sys.stdout.flush()
    try:
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
    except FileNotFoundError:
        raise OpsError(f"{command[0]} is not on the PATH of this machine") from None
    if code:
        raise OpsError(f"`{shlex.join(command)}` ended with {code}")
