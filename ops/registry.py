"""The registry of a stack's own images: the way in, the tag, and what stands behind a tag."""

import re
import shlex
import shutil
import subprocess
import sys

from infra import versions
from infra.preview.planning import ROOT
from infra.settings.release import Image
from ops.errors import OpsError
from ops.stack import Stack
from ops.terminal import patiently


def full_tag(tag: str) -> str:
    """The tag with Airflow's version, which settings look for in it: `3.3.2-v1.2.0` of `v1.2.0`."""
    return tag if versions.AIRFLOW in tag.replace("_", "-").split("-") else f"{versions.AIRFLOW}-{tag}"


def is_own(reference: str) -> bool:
    """Whether a release's exported image is there and not Apache's."""
    return bool(reference) and parts(reference)[0] != versions.AIRFLOW_IMAGE


def parts(reference: str) -> tuple[str, str, str]:
    """Repository, tag and digest of an image; empty where it has none."""
    name, _, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    return (repository, tag, digest) if colon and "/" not in tag else (name, "", digest)


def repository(stack: Stack, image: Image) -> str:
    """Where a release's own image is pushed to and pulled from. Raises OpsError where that is not made yet."""
    if not image.official:
        return image.repository
    url = stack.outputs().get("registry")
    if not url:
        raise OpsError(
            f"{stack.name} has no registry yet, which comes with its first deployment: `make deploy {stack.given}` "
            "from a laptop brings it up, with the official image first"
        )
    return f"{url}/airflow"


def commit_tag() -> str:
    """The tag of what is committed here. Raises OpsError where something is not: a tag says what is in its image."""
    short, dirty = (_git(*words) for words in (("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain")))
    if dirty:
        raise OpsError(
            "something here is not committed, and an image's tag is its commit: commit it, or give IMAGE_TAG=…"
        )
    return short


def _git(*words: str) -> str:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except FileNotFoundError:
        raise OpsError("git is not on the PATH of this machine; give IMAGE_TAG=…") from None
    except subprocess.CalledProcessError as error:
        raise OpsError(f"git {words[0]}: {error.stderr.strip()}; give IMAGE_TAG=…") from None


def require() -> None:
    """Raise OpsError where this machine has no Docker, before anything that would end there was begun."""
    if not shutil.which("docker"):
        raise OpsError(
            "docker is not on the PATH of this machine; it builds and pushes the image, and asks for its digest"
        )


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
