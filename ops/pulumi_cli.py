"""Pulumi's CLI, called the one way that keeps secrets out of arguments, logs and files."""

import subprocess

NOT_FOUND = "not found"


class CliError(Exception):
    """What stands in the way, said in a sentence; the verb ends with exit code 2 and no traceback."""


def get_secret(stack: str, key: str) -> str | None:
    """The decrypted value of `airflow:<key>`, None where the stack has none."""
    done = _pulumi("config", "get", f"airflow:{key}", "--stack", stack)
    if done.returncode == 0:
        return done.stdout.removesuffix("\n")  # the CLI adds one
    if NOT_FOUND in done.stderr and "configuration key" in done.stderr:
        return None
    raise CliError(f"pulumi config get airflow:{key} --stack {stack}: {done.stderr.strip()}")


def set_secret(stack: str, key: str, value: str) -> None:
    """Store `value` encrypted; it goes by standard input, as arguments can be read by every process."""
    done = _pulumi("config", "set", "--secret", f"airflow:{key}", "--stack", stack, given=value)
    if done.returncode:
        raise CliError(f"pulumi config set --secret airflow:{key} --stack {stack}: {done.stderr.strip()}")


def up(stack: str, *arguments: str) -> int:
    """`pulumi up` on the user's terminal; its exit code."""
    try:
        return subprocess.run(["pulumi", "up", "--stack", stack, *arguments], check=False).returncode
    except FileNotFoundError:
        raise _missing() from None


def _pulumi(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"], input=given, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise _missing() from None


def _missing() -> CliError:
    return CliError("the Pulumi CLI is not on this machine's PATH: see docs/operations.md")
