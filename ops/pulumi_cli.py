"""Pulumi's CLI, called the one way that keeps secrets out of arguments, logs and files."""

import shutil
import subprocess

from infra.preview.planning import ROOT
from ops.errors import OpsError
from ops.terminal import patiently


def require() -> None:
    """Raise OpsError, which says how to get it, where the CLI is not there."""
    if not shutil.which("pulumi"):
        raise _missing()


def on_terminal(*arguments: str) -> int:
    """Run the CLI on the user's terminal, in the project's folder; its exit code."""
    try:
        return patiently(["pulumi", *arguments], cwd=ROOT)
    except FileNotFoundError:
        raise _missing() from None


def quietly(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the CLI in the project's folder and keep what it says; no secret may be among the arguments."""
    try:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=ROOT,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise _missing() from None


def _missing() -> OpsError:
    return OpsError(
        "the Pulumi CLI is not on the PATH of this machine. Pulumi's documentation says how to get it, on the page "
        '"Download & install Pulumi". A plan needs none: `make preview STACK=…`'
    )
