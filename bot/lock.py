"""The lock of a stack: what it says, and how it is taken over GitHub's REST API.

`make lock` takes the same ref by git (ops/lock.py). It points to a commit whose message is JSON.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Self

from bot.rest import Rest, RestError


@dataclass(frozen=True)
class Lock:
    """What a lock says. `since` is ISO 8601 in UTC."""

    stack: str
    branch: str
    by: str
    since: str
    reason: str = ""

    @classmethod
    def now(cls, stack: str, branch: str, by: str, reason: str = "") -> Self:
        """One that is taken this moment."""
        return cls(stack, branch, by, datetime.now(UTC).isoformat(timespec="seconds"), reason)

    @classmethod
    def read(cls, text: str) -> Self:
        """The lock in a commit's message. Raises ValueError where there is none."""
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(text) from error

    @property
    def text(self) -> str:
        """The message of its commit."""
        return json.dumps(asdict(self))

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.stack} is held for {self.branch} by {self.by} since {self.since}{reason}"


def reference(stack: str) -> str:
    """Where a stack's lock stands in the repository."""
    return f"refs/locks/{stack}"


class Locks:
    """The locks of one repository."""

    def __init__(self, rest: Rest, repository: str) -> None:
        self._rest, self._at = rest, f"/repos/{repository}/git"

    def held(self, stack: str) -> Lock | None:
        """The stack's lock, None where it is free. RestError where the ref holds no lock of ours."""
        try:
            found = self._rest.get(f"{self._at}/{reference(stack).replace('refs', 'ref', 1)}")
        except RestError as error:
            if error.status == 404:
                return None
            raise
        message = self._rest.get(f"{self._at}/commits/{found['object']['sha']}")["message"]
        try:
            return Lock.read(message)
        except ValueError as error:
            raise RestError(f"{reference(stack)} holds no lock of ours; look at it with git show") from error

    def take(self, stack: str, branch: str, by: str, reason: str) -> bool:
        """Take the lock; False where somebody was faster."""
        lock = Lock.now(stack, branch, by, reason)
        # The API makes no tree without a file, and main's would hold workflows, which this token may not write.
        file = {"path": "lock.json", "mode": "100644", "type": "blob", "content": lock.text}
        tree = self._rest.post(f"{self._at}/trees", {"tree": [file]})["sha"]
        made = self._rest.post(f"{self._at}/commits", {"message": lock.text, "tree": tree, "parents": []})
        try:
            self._rest.post(f"{self._at}/refs", {"ref": reference(stack), "sha": made["sha"]})
        except RestError as error:
            if error.status == 422:
                return False
            raise
        return True

    def drop(self, stack: str) -> None:
        """Give the lock back; one that is gone already is no error."""
        try:
            self._rest.delete(f"{self._at}/{reference(stack)}")
        except RestError as error:
            if error.status not in (404, 422):
                raise
