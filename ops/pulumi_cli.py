"""Pulumi's CLI, called the one way that keeps secrets out of arguments, logs and files."""

import shutil
import subprocess
from typing import Any

from infra.preview.planning import ROOT
from ops.errors import OpsError

NOT_FOUND = "not found"


class CliError(OpsError):
    """The CLI is missing, or refused."""


def get_secret(stack: str, key: str) -> str | None:
    """The decrypted value of `airflow:<key>`, None where the stack has none."""
    done = quietly("config", "get", f"airflow:{key}", "--stack", stack)
    if done.returncode == 0:
        return done.stdout.removesuffix("\n") or None  # the CLI adds one; Pulumi.yaml's default is empty text
    if NOT_FOUND in done.stderr and "configuration key" in done.stderr:
        return None
    raise CliError(f"pulumi config get airflow:{key} --stack {stack}: {done.stderr.strip()}")


def set_secret(stack: str, key: str, value: str) -> None:
    """Store `value` encrypted; it goes by standard input, as arguments can be read by every process."""
    done = quietly("config", "set", "--secret", f"airflow:{key}", "--stack", stack, given=value)
    if done.returncode:
        raise CliError(f"pulumi config set --secret airflow:{key} --stack {stack}: {done.stderr.strip()}")


def up(stack: str, *arguments: str) -> int:
    """`pulumi up` on the user's terminal; its exit code."""
    return on_terminal("up", "--stack", stack, *arguments)


def require() -> None:
    """Raise CliError, which says how to get it, where the CLI is not there."""
    if not shutil.which("pulumi"):
        raise _missing()


def on_terminal(*arguments: str) -> int:
    """Run the CLI on the user's terminal, in the project's folder; its exit code."""
    try:
        return patiently(["pulumi", *arguments], cwd=ROOT)
    except FileNotFoundError:
        raise _missing() from None


def patiently(command: list[str], **options: Any) -> int:
    """Run a program on the user's terminal; its exit code. Ctrl-C is the program's to end on, however long it takes.

    The terminal sends it the signal too. `subprocess.run` would kill it a quarter of a second later, and a killed
    `pulumi up` leaves operations pending and Helm releases locked.
    """
    program = subprocess.Popen(command, **options)
    while True:
        try:
            return program.wait()
        except KeyboardInterrupt:
            continue


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


def _missing() -> CliError:
    return CliError(
        "the Pulumi CLI is not on the PATH of this machine. Pulumi's documentation says how to get it, on the page "
        '"Download & install Pulumi". A plan needs none: `make preview STACK=…`'
    )
