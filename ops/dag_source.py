"""Whether the places that a stack takes its DAGs from are there and hold its canary, looked up where this machine can.

A repository is read with the access of who runs this: git's own configuration, never the stack's deploy key.
"""

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.settings.release import Release
from infra.settings.release.dags import GitDags, GitRepository
from ops import moves
from ops.errors import OpsError
from ops.stack import Stack

TIMEOUT = 60
"""Seconds for a shallow copy of one branch."""
_TEXTS = (".yaml", ".yml", ".json", ".toml")


def check(stack: Stack) -> None:
    """Raise OpsError where a repository has no such branch, tag or folder, or no file that names the canary.

    What cannot be read from here is said, and is no error: a runner, or a laptop, need not reach it.
    """
    if stack.placeholders:  # the program refuses these, and nobody need be asked about an example
        return
    canary = canary_of(stack)
    with tempfile.TemporaryDirectory(prefix="airflow-dags-") as folder:
        for index, release in enumerate(stack.settings.releases):
            _check(release, index, canary, Path(folder, release.name))


def canary_of(stack: Stack) -> str:
    """The DAG that the stack's monitoring watches; nothing where it watches none."""
    monitoring = stack.settings.platform.monitoring
    return monitoring.canary_dag or "" if monitoring.state != "off" else ""


def holds(folder: Path, dag: str) -> bool:
    """Whether a file below the folder may define this DAG: one that names it, or one that only Airflow can read.

    An id that is put together from parts is not seen.
    """
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return any(path.suffix == ".zip" or dag in _named(path) for path in files)


def _check(release: Release, index: int, canary: str, folder: Path) -> None:
    seen: list[str] = []
    for number, repository in enumerate(moves.repositories(release)):
        at = f"airflow:{moves.path_of(index, release, number)}"
        copy = folder / str(number)
        if why := _fetched(repository, at, copy):
            sys.stderr.write(f"{at}: {repository.repository} was not looked into from here: {why}\n")
            return
        dags = copy / repository.sub_path
        if not dags.is_dir():
            where = f"{repository.repository} at {repository.ref}"
            raise OpsError(f"{at}.subPath = {repository.sub_path}: there is no such folder in {where}")
        if canary and holds(dags, canary):
            return
        seen.append(f"{repository.repository} at {repository.ref}, folder {repository.sub_path or '/'}")
    if canary and seen:
        raise OpsError(
            f"airflow:platform.monitoring.canaryDag = {canary}: release {release.name} has no DAG of that name in "
            f"{'; '.join(seen)}.\nPut one there (dags/canary.py of this program is one), or mend canaryDag."
        )


def _fetched(repository: GitRepository | GitDags, at: str, folder: Path) -> str:
    """Copy a repository's files at its ref; why they could not be read, or nothing."""
    try:
        _git("init", "--quiet", str(folder))
        _git("-C", str(folder), "fetch", "--quiet", "--depth=1", "--", repository.repository, repository.ref)
        _git("-C", str(folder), "checkout", "--quiet", "FETCH_HEAD")
    except FileNotFoundError:
        return "there is no git on the PATH"
    except subprocess.TimeoutExpired:
        return f"no answer within {TIMEOUT} s"
    except subprocess.CalledProcessError as error:
        said = (str(error.stderr).strip().splitlines() or ["git failed"])[-1]
        if "couldn't find remote ref" in said:
            raise OpsError(
                f"{at}.ref = {repository.ref}: {repository.repository} has no such branch or tag. "
                "Push it, or name another (for one deployment by REF=…)"
            ) from None
        return said
    return ""


def _git(*arguments: str) -> None:
    """Without a question to anybody, and with git's own words in English."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    ssh = {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=10"}
    environment = {**ssh, **os.environ, **quiet}
    subprocess.run(
        ["git", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT,
    )


def _named(path: Path) -> set[str]:
    """What a file calls things: a Python file's functions and texts, a configuration's words."""
    try:
        if path.suffix == ".py":
            return set(_names(ast.parse(path.read_text())))
        if path.suffix in _TEXTS:
            return set(path.read_text().replace('"', " ").replace("'", " ").replace(":", " ").replace(",", " ").split())
    except (OSError, ValueError, SyntaxError):  # Airflow will say so, of the same file
        return set()
    return set()


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
