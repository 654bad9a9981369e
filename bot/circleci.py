"""CircleCI by its REST API, version 2."""

import time
from typing import Any
from urllib.parse import quote

from bot.delivery import APPEARS, Outcome, Run, State
from bot.rest import Rest, RestError, Sleep

_FAILED = ("failed", "error", "failing", "canceled", "unauthorized", "not_run")


class CircleCI:
    """One project's pipelines. Implements `Delivery`."""

    def __init__(
        self,
        rest: Rest,
        repository: str,
        sleep: Sleep = time.sleep,
        site: str = "https://app.circleci.com",
    ) -> None:
        self._rest, self._slug, self._site, self._sleep = rest, f"gh/{repository}", site, sleep

    def try_branch(self, branch: str) -> Run:
        """Start a pipeline whose parameter `branch` names the branch."""
        return self._started(branch, {"branch": branch})

    def try_dags(self, ref: str) -> Run:
        """Start a pipeline on main whose parameter `dags` names the DAGs' branch."""
        return self._started("main", {"dags": ref})

    def _started(self, branch: str, parameters: dict[str, str]) -> Run:
        before = max((int(one["number"]) for one in self._pipelines(branch=branch)), default=0)
        try:
            path = f"/project/{quote(self._slug)}/pipeline"
            return self._run(self._rest.post(path, {"branch": branch, "parameters": parameters}))
        except RestError as error:
            if not error.unclear:
                raise
            for pipeline in self._pipelines(branch=branch):
                if pipeline["trigger"]["type"] == "api" and int(pipeline["number"]) > before:
                    return self._run(pipeline)
            raise

    def follow_release(self, tag: str) -> Run:
        """The pipeline that a pushed tag started, found among the newest ones."""
        for _ in range(APPEARS):
            for pipeline in self._pipelines():
                if pipeline.get("vcs", {}).get("tag") == tag:
                    return self._run(pipeline)
            self._sleep(1)
        raise RestError(f"CircleCI lists no pipeline of {tag}; does the project build tags?")

    def outcome(self, run: Run) -> Outcome:
        """How the pipeline's workflows stand together; one on hold waits for an approval."""
        found = [str(one["status"]) for one in self._rest.get(f"/pipeline/{run.id}/workflow")["items"]]
        state: State = "running"
        if any(status in _FAILED for status in found):
            state = "failed"
        elif not found and self._rest.get(f"/pipeline/{run.id}")["state"] == "errored":
            state = "failed"  # a config that cannot be read makes no workflow
        elif found and all(status == "success" for status in found):
            state = "success"
        elif "on_hold" in found:
            state = "waiting"
        return Outcome(state, run.url)

    def _pipelines(self, **parameters: str) -> list[dict[str, Any]]:
        return self._rest.get(f"/project/{quote(self._slug)}/pipeline", **parameters)["items"]

    def _run(self, pipeline: dict[str, Any]) -> Run:
        return Run(str(pipeline["id"]), f"{self._site}/pipelines/{self._slug}/{pipeline['number']}")
