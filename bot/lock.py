"""The lock of a stack over GitHub's REST API: the same ref that `make lock` takes by git (ops/lock.py)."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.rest import Rest, RestError


@dataclass(frozen=True)
class Lock:
    """What a lock says. `since` is ISO 8601 in UTC."""

    stack: str
    branch: str
    by: str
    since: str
    reason: str = ""

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.stack} is held for {self.branch} by {self.by} since {self.since}{reason}"


class Locks:
    """The locks of one repository."""

    def __init__(self, rest: Rest, repository: str) -> None:
        self._rest, self._at = rest, f"/repos/{repository}/git"
        self._main = f"/repos/{repository}/commits/main"

    def held(self, stack: str) -> Lock | None:
        """The stack's lock, None where it is free. RestError where the ref holds no lock of ours."""
        try:
            ref = self._rest.get(f"{self._at}/ref/locks/{stack}")
        except RestError as error:
            if error.status == 404:
                return None
            raise
        message = self._rest.get(f"{self._at}/commits/{ref['object']['sha']}")["message"]
        try:
            return Lock(**json.loads(message))
        except (ValueError, TypeError) as error:
            raise RestError(f"refs/locks/{stack} holds no lock of ours; look at it with git show") from error

    def take(self, stack: str, branch: str, by: str, reason: str) -> bool:
        """Take the lock; False where somebody was faster."""
        tree = self._rest.get(self._main)["commit"]["tree"]["sha"]  # the API makes no tree without a file
        since = datetime.now(UTC).isoformat(timespec="seconds")
        message = json.dumps({"stack": stack, "branch": branch, "by": by, "since": since, "reason": reason})
        made = self._rest.post(f"{self._at}/commits", {"message": message, "tree": tree, "parents": []})
        try:
            self._rest.post(f"{self._at}/refs", {"ref": f"refs/locks/{stack}", "sha": made["sha"]})
        except RestError as error:
            if error.status == 422:
                return False
            raise
        return True

    def drop(self, stack: str) -> None:
        """Give the lock back; one that is gone already is no error."""
        try:
            self._rest.delete(f"{self._at}/refs/locks/{stack}")
        except RestError as error:
            if error.status not in (404, 422):
                raise
