"""GitHub by its REST API: workflows, checks, tags, and the lock that `make lock` takes too."""

import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from bot.delivery import Outcome, Run, State
from bot.rest import Rest, RestError

_APPEARS = 20  # seconds that a dispatched run takes to be listed
_SKEW = 5  # seconds that our clock and GitHub's may differ


class GitHub:
    """One repository. Implements `Delivery` with its workflows."""

    def __init__(self, rest: Rest, repository: str) -> None:
        self._rest, self._at = rest, f"/repos/{repository}"

    def head(self, ref: str) -> str:
        """The commit of a branch or tag. Raises RestError where there is none."""
        try:
            return str(self._rest.get(f"{self._at}/commits/{quote(ref, safe='')}")["sha"])
        except RestError as error:
            if error.status in (404, 422):
                raise RestError(f"there is no branch or tag {ref}", error.status) from error
            raise

    def red_checks(self, ref: str) -> list[str]:
        """Names of the checks that are not green, those that still run included; empty where all are."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            part = self._rest.get(f"{self._at}/commits/{quote(ref, safe='')}/check-runs", per_page=100, page=page)
            found += part["check_runs"]
            if len(found) >= part["total_count"] or not part["check_runs"]:
                break
            page += 1
        status = self._rest.get(f"{self._at}/commits/{quote(ref, safe='')}/status")
        good = ("success", "neutral", "skipped")
        red = [
            f"{one['name']} ({one['conclusion'] or one['status']})" for one in found if one["conclusion"] not in good
        ]
        red += [f"{one['context']} ({one['state']})" for one in status["statuses"] if one["state"] != "success"]
        return red or ([] if found or status["statuses"] else ["no check has run"])

    def try_branch(self, branch: str) -> Run:
        """Start the integration workflow for a branch."""
        begun = datetime.now(UTC).timestamp()
        body = {"ref": "main", "inputs": {"branch": branch}}
        self._rest.post(f"{self._at}/actions/workflows/integration.yml/dispatches", body)
        return self._appearing("integration.yml", "workflow_dispatch", begun)

    def tag(self, tag: str, sha: str) -> None:
        """Make the release tag; its push starts the production workflow."""
        self._rest.post(f"{self._at}/git/refs", {"ref": f"refs/tags/{tag}", "sha": sha})

    def follow_release(self, tag: str) -> Run:
        """The production run of a tag."""
        return self._appearing("production.yml", "push", 0.0, tag)

    def outcome(self, run: Run) -> Outcome:
        """How a workflow run stands; one that waits for an approval is `waiting`."""
        found = self._rest.get(f"{self._at}/actions/runs/{run.id}")
        state: State = "running"
        if found["status"] == "completed":
            state = "success" if found["conclusion"] == "success" else "failed"
        elif found["status"] in ("waiting", "action_required"):
            state = "waiting"
        return Outcome(state, str(found["html_url"]))

    def lock(self, stack: str) -> dict[str, str] | None:
        """What the stack's lock says, None where it is free."""
        try:
            ref = self._rest.get(f"{self._at}/git/ref/locks/{stack}")
        except RestError as error:
            if error.status == 404:
                return None
            raise
        return json.loads(self._rest.get(f"{self._at}/git/commits/{ref['object']['sha']}")["message"])

    def take_lock(self, stack: str, branch: str, by: str, reason: str) -> None:
        """Take the lock as `make lock` does; RestError 422 where somebody was faster."""
        tree = self._rest.get(f"{self._at}/commits/main")["commit"]["tree"]["sha"]
        since = datetime.now(UTC).isoformat(timespec="seconds")
        message = json.dumps({"stack": stack, "branch": branch, "by": by, "since": since, "reason": reason})
        made = self._rest.post(f"{self._at}/git/commits", {"message": message, "tree": tree, "parents": []})
        self._rest.post(f"{self._at}/git/refs", {"ref": f"refs/locks/{stack}", "sha": made["sha"]})

    def drop_lock(self, stack: str) -> None:
        """Give the lock back."""
        self._rest.delete(f"{self._at}/git/refs/locks/{stack}")

    def _appearing(self, workflow: str, event: str, since: float, branch: str = "") -> Run:
        """A dispatch answers without the run's id: it is the newest of its workflow, once it is listed."""
        end = time.monotonic() + _APPEARS
        parameters: dict[str, str | int] = {"event": event, "per_page": 10, **({"branch": branch} if branch else {})}
        while True:
            listed = self._rest.get(f"{self._at}/actions/workflows/{workflow}/runs", **parameters)
            for run in listed["workflow_runs"]:
                if datetime.fromisoformat(run["created_at"]).timestamp() >= since - _SKEW:
                    return Run(str(run["id"]), str(run["html_url"]))
            if time.monotonic() > end:
                raise RestError(f"GitHub lists no run of {workflow}; is it switched on?")
            time.sleep(1)
