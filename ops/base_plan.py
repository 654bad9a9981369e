"""Plans another commit of the repository in a git worktree, by its own code; keeps credentials from what is planned."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from infra.preview import planning
from infra.preview.model import Plan
from ops.errors import OpsError

KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "LD_LIBRARY_PATH",
    "UV_CACHE_DIR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
)
"""What planned programs see of the environment: no token, no cloud's credentials. Some Pythons need a library path."""


@dataclass(frozen=True)
class StackName:
    """A stack and the folder of its file, relative to the checkout."""

    folder: str
    stack: str

    def __str__(self) -> str:
        return self.stack if self.folder == "." else f"{self.folder}/{self.stack}"


def stacks(listing: str) -> set[StackName]:
    """The stacks whose files stand in a list of a repository's files, one a line."""
    files = [Path(line) for line in listing.splitlines()]
    found = [file for file in files if file.match("Pulumi.*.yaml") and "tests" not in file.parts]
    return {StackName(str(file.parent), file.name.removeprefix("Pulumi.").removesuffix(".yaml")) for file in found}


def plan(name: StackName, folder: Path, python: Path) -> Plan | str:
    """The base's plan; the last lines of what it said where it has none."""
    command = [str(python), "-m", "infra.preview", "--stack", name.stack, "--stacks", name.folder, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        return "\n".join(done.stderr.strip().splitlines()[-20:])
    return Plan.from_json(json.loads(done.stdout))


@contextlib.contextmanager
def without_credentials() -> Generator[None]:
    """This process, which runs the head's program, and all that it starts see of the environment what KEPT names."""
    before = dict(os.environ)
    for name in before.keys() - set(KEPT):
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(before)


def python_for(folder: Path) -> Path:
    """The interpreter for the base: this one, or one of its own where other versions are pinned there."""
    here, there = planning.ROOT / "requirements.txt", folder / "requirements.txt"
    if not there.is_file() or there.read_bytes() == here.read_bytes():
        return Path(sys.executable)
    venv = folder / ".venv"
    uv = [sys.executable, "-m", "uv"]
    for command in (
        [*uv, "venv", "-q", "--python", sys.executable, str(venv)],
        [*uv, "pip", "sync", "-q", "--python", str(venv), "--require-hashes", str(there)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OpsError(f"the base's requirements cannot be installed: {done.stderr.strip()}")
    return venv / "bin" / "python"


@contextlib.contextmanager
def worktree(commit: str) -> Generator[Path]:
    """A commit's files in a folder of their own, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="plan-diff-") as parent:
        folder = Path(parent) / "base"
        git("worktree", "add", "--detach", "--quiet", str(folder), commit)
        try:
            yield folder
        finally:
            git("worktree", "remove", "--force", str(folder))


def git(*arguments: str) -> str:
    """What git prints in the checkout. Raises OpsError."""
    done = subprocess.run(["git", *arguments], cwd=planning.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        hint = "; a shallow clone lacks the base: fetch the whole history" if arguments[0] == "merge-base" else ""
        raise OpsError(f"git {' '.join(arguments)}: {done.stderr.strip() or 'no common commit'}{hint}")
    return done.stdout
