"""Who has a stack: a lock that any machine with the repository can see, take and give back (bot/lock.py says its form).

It is a commit without files at `refs/locks/STACK` of the remote, so that taking it is one atomic push and needs no
service beside the code host.
"""

import shlex
import subprocess

from bot.lock import Lock, reference
from ops.errors import OpsError


class LockError(OpsError):
    """Somebody else has the stack, or the remote did not answer; said in a sentence."""


class HeldError(LockError):
    """Another branch has the stack."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        super().__init__(f"{lock}. `make unlock STACK={lock.stack} BRANCH={shlex.quote(lock.branch)}` gives it back.")


def held(stack: str, remote: str = "origin") -> Lock | None:
    """The lock of a stack, None where it is free."""
    found = _find(stack, remote)
    return found[1] if found else None


def take(stack: str, branch: str, by: str, reason: str = "", remote: str = "origin") -> Lock:
    """Take the lock, or say that this branch has it already. Raises HeldError where another has it."""
    wanted, ref = Lock.now(stack, branch, by, reason), reference(stack)
    made = _git("commit-tree", _git("mktree"), "-m", wanted.text)
    try:
        # An empty expectation makes the push fail unless the ref is not there: two at once, and one of them gets it.
        _git("push", "--quiet", f"--force-with-lease={ref}:", remote, f"{made}:{ref}")
    except LockError:
        current = held(stack, remote)
        if current is None:
            raise
        if current.branch != branch:
            raise HeldError(current) from None
        return current
    return wanted


def release(stack: str, branch: str, *, force: bool = False, remote: str = "origin") -> bool:
    """Give the lock back; False where there was none. Raises HeldError where another branch has it, unless forced."""
    found = _find(stack, remote)
    if found is None:
        return False
    commit, current = found
    if not force and current.branch != branch:
        raise HeldError(current)
    ref = reference(stack)
    try:
        # This one and no other: somebody may have freed it and the next one taken it since we looked.
        _git("push", "--quiet", f"--force-with-lease={ref}:{commit}", remote, f":{ref}")
    except LockError:
        if held(stack, remote) is None:
            return False
        raise
    return True


def _find(stack: str, remote: str) -> tuple[str, Lock] | None:
    """The commit of a lock, and what it says."""
    ref = reference(stack)
    listed = _git("ls-remote", remote, ref).split()
    if not listed:
        return None
    _git("fetch", "--quiet", "--no-tags", remote, ref)
    try:
        return listed[0], Lock.read(_git("show", "--no-patch", "--format=%B", listed[0]))
    except ValueError as error:
        raise LockError(f"{ref} of {remote} holds no lock of ours; look at it with git show") from error


def _git(*arguments: str) -> str:
    identity = ["-c", "user.name=airflow-delivery", "-c", "user.email=delivery@localhost"]
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LockError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
