"""What a delivery sets in a copy of the stack file: where DAGs come from, and which own image runs.

What is not said stays as it was deployed: a deployment of the program moves no DAGs back, and a rotated key no image. A
person's edit of the stack file wins over an earlier delivery.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from infra.preview.planning import ROOT
from infra.settings.release import BundleDags, GitDags, Release
from infra.settings.release.dags import GitRepository
from ops import registry
from ops.stack import Stack

Deployed = Mapping[str, Any]
"""What a release exports: `image`, and `dags`, a list of `repository`, `ref` and, where it was moved, `fileRef`."""


@dataclass(frozen=True)
class Delivery:
    """What is asked for; empty is not asked.

    `ref` is the DAGs' branch or tag, put on the first repository of every release that takes them by git. `branch` is
    this program's: it is put on the repositories that are this checkout's own. `image_tag` is an own image's. With
    `reset` the DAGs that none of them moves go back to what the stack file says.
    """

    ref: str = ""
    branch: str = ""
    image_tag: str = ""
    reset: bool = False


@contextmanager
def moved(stack: Stack, delivery: Delivery | None = None) -> Generator[Stack]:
    """The stack with a copy of its file in which a delivery is set: the checkout's own stays as it was committed."""
    moves = dict(_moves(stack, delivery or Delivery()))
    if not moves:
        yield stack
        return
    with tempfile.TemporaryDirectory(prefix="airflow-stack-") as folder:
        shutil.copy(stack.file.path, folder)
        copy = Stack(stack.name, Path(folder))
        for path, value in moves.items():
            copy.set_path(path, value)
        yield Stack(stack.name, Path(folder))  # read anew: with what was set


def deployed(stack: Stack) -> dict[str, Deployed]:
    """What is known of each release that runs; nothing is asked where no release could have been moved."""
    if not any(release.image.own or repositories(release) for release in stack.settings.releases):
        return {}
    return cast("dict[str, Deployed]", stack.standing.get("releases") or {})


def repositories(release: Release) -> Sequence[GitRepository | GitDags]:
    """The repositories that a release follows, the one that `REF` moves first."""
    if isinstance(release.dags, BundleDags):
        return release.dags.repositories
    return (release.dags,) if isinstance(release.dags, GitDags) else ()


def path_of(index: int, release: Release, number: int) -> str:
    """Where a repository stands in the stack file."""
    dags = f"releases[{index}].dags"
    return f"{dags}.repositories[{number}]" if isinstance(release.dags, BundleDags) else dags


def is_ours(repository: str) -> bool:
    """Whether a repository is the one that this checkout came from, by whichever of its addresses."""
    return bool(origin := _origin()) and _place(repository) == _place(origin)


def _moves(stack: Stack, delivery: Delivery) -> Iterator[tuple[str, str]]:
    standing = deployed(stack)
    for index, release in enumerate(stack.settings.releases):
        there = standing.get(release.name, {})
        for number, repository in enumerate(repositories(release)):
            ref = _ref(delivery, repository, there.get("dags") or [], first=number == 0)
            if ref and ref != repository.ref:
                at = path_of(index, release, number)
                yield f"{at}.ref", ref
                yield f"{at}.fileRef", repository.ref
        yield from _image(stack, f"releases[{index}].image", release, str(there.get("image", "")), delivery)


def _ref(
    delivery: Delivery, repository: GitRepository | GitDags, there: Sequence[Mapping[str, str]], *, first: bool
) -> str:
    if first and delivery.ref:
        return delivery.ref
    if delivery.branch and is_ours(repository.repository):
        return delivery.branch
    if delivery.reset:
        return ""
    same = (one for one in there if one.get("repository") == repository.repository)
    return next((one["ref"] for one in same if one.get("fileRef") == repository.ref), "")


def _image(stack: Stack, at: str, release: Release, there: str, delivery: Delivery) -> Iterator[tuple[str, str]]:
    image = release.image
    if delivery.image_tag and (image.own or not image.official):
        repository, tag = registry.repository(stack, image), registry.full_tag(delivery.image_tag)
        pinned = image.own or image.digest or stack.settings.production  # it outranks the tag: the old one would run on
        digest = registry.digest(stack, repository, tag) if pinned else ""
    elif image.own and registry.is_own(there):
        repository, tag, digest = registry.parts(there)
    else:
        return
    if image.own:
        yield f"{at}.repository", repository
    yield f"{at}.tag", tag
    if digest:
        yield f"{at}.digest", digest


@cache
def _origin() -> str:
    command = ["git", "remote", "get-url", "origin"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _place(address: str) -> str:
    """Host and path of a repository: `git@github.com:acme/x.git` and `https://github.com/acme/x` are one place."""
    _, scheme, rest = address.partition("://")
    host, _, path = rest.partition("/") if scheme else address.partition(":")
    host = host.rpartition("@")[2].partition(":")[0]
    return f"{host}/{path.strip('/').removesuffix('.git')}".lower()
