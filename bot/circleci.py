"""CircleCI by its REST API, version 2."""

from typing import Any
from urllib.parse import quote

from bot.delivery import Outcome, Run, State
from bot.rest import Rest, RestError

_FAILED = ("failed", "error", "failing", "canceled", "unauthorized", "not_run")


class CircleCI:
    """One project's pipelines. Implements `Delivery`."""

    def __init__(self, rest: Rest, repository: str, site: str = "https://app.circleci.com") -> None:
        self._rest, self._slug, self._site = rest, f"gh/{repository}", site

    def try_branch(self, branch: str) -> Run:
        """Start a pipeline whose parameter `branch` names the branch."""
        made = self._rest.post(
            f"/project/{quote(self._slug)}/pipeline", {"branch": branch, "parameters": {"branch": branch}}
        )
        return self._run(made)

    def follow_release(self, tag: str) -> Run:
        """The pipeline that a pushed tag started, found among the newest ones."""
        for pipeline in self._rest.get(f"/project/{quote(self._slug)}/pipeline")["items"]:
            if pipeline.get("vcs", {}).get("tag") == tag:
                return self._run(pipeline)
        raise RestError(f"CircleCI lists no pipeline of {tag} yet")

    def outcome(self, run: Run) -> Outcome:
        """How the pipeline's workflows stand together; one on hold waits for an approval."""
        found = [str(one["status"]) for one in self._rest.get(f"/pipeline/{run.id}/workflow")["items"]]
        state: State = "running"
        if any(status in _FAILED for status in found):
            state = "failed"
        elif found and all(status == "success" for status in found):
            state = "success"
        elif "on_hold" in found:
            state = "waiting"
        return Outcome(state, run.url)

    def _run(self, pipeline: dict[str, Any]) -> Run:
        return Run(str(pipeline["id"]), f"{self._site}/pipelines/{self._slug}/{pipeline['number']}")
