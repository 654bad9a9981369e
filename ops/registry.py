"""The registry of a stack's own images: the way in, the tag, and what stands behind a tag."""

import re
import shlex
import subprocess
import sys

from infra import versions
from infra.preview.planning import ROOT
from ops.errors import OpsError
from ops.stack import Stack
from ops.terminal import patiently


def full_tag(tag: str) -> str:
    """The tag with Airflow's version, which settings look for in it: `3.3.2-v1.2.0` of `v1.2.0`."""
    return tag if versions.AIRFLOW in tag.replace("_", "-").split("-") else f"{versions.AIRFLOW}-{tag}"


def log_in(stack: Stack) -> None:
    """Log Docker in as the stack's outputs say; a registry elsewhere is logged in to by whoever runs this."""
    if login := stack.outputs().get("registryLoginCommand"):
        run(["bash", "-o", "pipefail", "-c", str(login)])


def digest(stack: Stack, repository: str, tag: str) -> str:
    """The digest of a pushed image, asked of its registry."""
    log_in(stack)
    found, said = _inspected(repository, tag)
    if not found:
        raise OpsError(f"{repository}:{tag} has no digest: {said}. Was it published?")
    return found


def holds(repository: str, tag: str) -> bool:
    """Whether the registry, logged in to already, has the image."""
    return bool(_inspected(repository, tag)[0])


def _inspected(repository: str, tag: str) -> tuple[str, str]:
    """The digest or nothing, and what was said."""
    command = ["docker", "buildx", "imagetools", "inspect", f"{repository}:{tag}", "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OpsError("docker is not on the PATH of this machine; it asks the registry for the digest") from None
    said = done.stdout.strip()
    good = done.returncode == 0 and re.fullmatch("sha256:[0-9a-f]{64}", said)
    return (said if good else ""), done.stderr.strip() or said


def run(command: list[str]) -> None:
    """Run it on the terminal, in the checkout. Raises OpsError where it fails."""
    sys.stdout.write(f"{shlex.join(command)}\n")
    sys.stdout.flush()
    try:
        code = patiently(command, cwd=ROOT)
    except FileNotFoundError:
        raise OpsError(f"{command[0]} is not on the PATH of this machine") from None
    if code:
        raise OpsError(f"`{shlex.join(command)}` ended with {code}")
