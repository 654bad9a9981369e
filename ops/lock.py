"""Who has a stack: a lock that any machine with the repository can see, take and give back.

It is a commit without files at `refs/locks/STACK` of the remote, so that taking it is one atomic push and needs no
service beside the code host. Its message is JSON: branch, by, since (UTC) and reason.
"""

import json
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from ops.errors import OpsError

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's own constant: the tree without files


class LockError(OpsError):
    """Somebody else has the stack, or the remote did not answer; said in a sentence."""


@dataclass(frozen=True)
class Lock:
    """What a lock says. `since` is ISO 8601 in UTC."""

    stack: str
    branch: str
    by: str
    since: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.stack} is held for {self.branch} by {self.by} since {self.since}" + (
            f": {self.reason}" if self.reason else ""
        )


class HeldError(LockError):
    """Another branch has the stack."""

    def __init__(self, lock: Lock) -> None:
        self.lock = lock
        super().__init__(f"{lock}. `make unlock STACK={lock.stack} BRANCH={lock.branch}` gives it back.")


def held(stack: str, remote: str = "origin") -> Lock | None:
    """The lock of a stack, None where it is free."""
    listed = _git("ls-remote", remote, _ref(stack))
    if not listed:
        return None
    _git("fetch", "--quiet", "--depth=1", remote, _ref(stack))
    try:
        return Lock(**json.loads(_git("show", "--no-patch", "--format=%B", listed.split()[0])))
    except (ValueError, TypeError) as error:
        raise LockError(f"{_ref(stack)} of {remote} holds no lock of ours; look at it with git show") from error


def take(stack: str, branch: str, by: str, reason: str = "", remote: str = "origin") -> Lock:
    """Take the lock, or say that this branch has it already. Raises LockError where another has it."""
    wanted = Lock(stack, branch, by, datetime.now(UTC).isoformat(timespec="seconds"), reason)
    made = _git("commit-tree", EMPTY_TREE, "-m", json.dumps(asdict(wanted)))
    # An empty expectation makes the push fail unless the ref is not there: two at once, and one of them gets it.
    pushed = subprocess.run(
        ["git", "push", "--quiet", f"--force-with-lease={_ref(stack)}:", remote, f"{made}:{_ref(stack)}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if pushed.returncode == 0:
        return wanted
    current = held(stack, remote)
    if current is None:
        raise LockError(f"{remote} does not take {_ref(stack)}: {pushed.stderr.strip()}")
    if current.branch == branch:
        return current
    raise HeldError(current)


def release(stack: str, branch: str | None = None, *, force: bool = False, remote: str = "origin") -> bool:
    """Give the lock back; False where there was none. Raises LockError where another branch has it, unless forced."""
    current = held(stack, remote)
    if current is None:
        return False
    if not force and current.branch != branch:
        raise LockError(f"{current}. Name that branch, or use --force if its owner is gone.")
    _git("push", "--quiet", remote, f":{_ref(stack)}")
    return True


def _ref(stack: str) -> str:
    return f"refs/locks/{stack}"


def _git(*arguments: str) -> str:
    identity = ["-c", "user.name=airflow-delivery", "-c", "user.email=delivery@localhost"]
    done = subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LockError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
