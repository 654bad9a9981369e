"""GitHub by its REST API: branches, checks, tags, and its workflows as a `Delivery`. The lock is in `bot/lock.py`."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from bot.delivery import APPEARS, Outcome, Run, State
from bot.rest import Rest, RestError, Sleep

INTEGRATED = ("deploy main to integration", "ci/circleci: integration")
"""The checks by which integration says how main went on it."""
_DELIVERS = ("deploy ", "ci/circleci: integration", "ci/circleci: production", "ci/circleci: approve")
_GOOD = ("success", "neutral", "skipped")


def connect(token: str, api: str, sleep: Sleep = time.sleep) -> Rest:
    """GitHub's REST API with a token, at the version whose answers are read here."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Rest("GitHub", api, headers, sleep)


def _delivers(name: str) -> bool:
    return name.startswith(_DELIVERS)


class GitHub:
    """One repository. Implements `Delivery` with its workflows; `dags` says that it holds DAGs alone."""

    def __init__(self, rest: Rest, repository: str, sleep: Sleep = time.sleep, *, dags: bool = False) -> None:
        self._rest, self._at, self._sleep = rest, f"/repos/{repository}", sleep
        self._named, self._releases = (repository, "dags.yml") if dags else ("", "production.yml")

    def head(self, branch: str) -> str:
        """The newest commit of a branch. Raises RestError where there is none."""
        try:
            return str(self._rest.get(f"{self._at}/branches/{quote(branch, safe='')}")["commit"]["sha"])
        except RestError as error:
            if error.status == 404:
                raise RestError(f"there is no branch {branch}", error.status) from error
            raise

    def red_checks(self, sha: str) -> list[str]:
        """Names of the checks that are not green, those that still run included; empty where all are.

        Deployments are checks of the commit too. They don't count, so that one that failed can be tried again.
        """
        found = self._checks(sha)
        red = [f"{name} ({state})" for name, state in found.items() if not _delivers(name) and state not in _GOOD]
        return red or ([] if found else ["no check has run; they run on pull requests"])

    def not_integrated(self, sha: str) -> str:
        """Why a commit of main is not known to have gone well on integration, by its newest try; empty where it is."""
        found = self._checks(sha)
        states = {name: found[name] for name in INTEGRATED if name in found}
        if "success" in states.values():
            return ""
        return ", ".join(f"{name} ({state})" for name, state in states.items()) or f"{INTEGRATED[0]} (has not run)"

    def tag(self, tag: str, sha: str) -> None:
        """Make the release tag; its push starts the production workflow. One that is at this commit already is kept."""
        try:
            self._rest.post(f"{self._at}/git/refs", {"ref": f"refs/tags/{tag}", "sha": sha})
        except RestError as error:
            if not (error.unclear or error.status == 422):
                raise
            at = self._commit(tag)
            if at is None:
                raise
            if at != sha:
                raise RestError(f"{tag} is there already, at {at[:12]}: a release's tag is never moved") from error

    def try_branch(self, branch: str) -> Run:
        """Start the integration workflow for a branch."""
        return self._dispatched({"branch": branch}, f"{branch} to integration")

    def try_dags(self, ref: str) -> Run:
        """Start the integration workflow for a branch of the DAGs' repository."""
        return self._dispatched({"dags": ref}, f"dags {ref} to integration")

    def _dispatched(self, inputs: dict[str, str], title: str) -> Run:
        listed = {"event": "workflow_dispatch"}
        before = max((int(run["id"]) for run in self._runs("integration.yml", **listed)), default=0)
        try:
            body = {"ref": "main", "inputs": inputs}
            self._rest.post(f"{self._at}/actions/workflows/integration.yml/dispatches", body)
        except RestError as error:
            if not error.unclear:
                raise

        def ours(run: dict[str, Any]) -> bool:
            return int(run["id"]) > before and run["display_title"] == title

        return self._appearing("integration.yml", ours, **listed)

    def follow_release(self, tag: str) -> Run:
        """The run that a tag's push started."""
        return self._appearing(self._releases, lambda _: True, event="push", branch=tag)

    def outcome(self, run: Run) -> Outcome:
        """How a workflow run stands; one that waits for an approval is `waiting`."""
        found = self._rest.get(f"{self._at}/actions/runs/{run.id}")
        state: State = "running"
        if found["status"] == "completed":
            state = "success" if found["conclusion"] == "success" else "failed"
        elif found["status"] in ("waiting", "action_required"):
            state = "waiting"
        return Outcome(state, str(found["html_url"]))

    def _checks(self, sha: str) -> dict[str, str]:
        """State by name. Two workflows may have jobs of one name: what is not green outranks what is."""
        runs = self._rest.pages(f"{self._at}/commits/{sha}/check-runs", "check_runs")
        states: dict[str, str] = {}
        for one in sorted(runs, key=lambda one: int(one["id"])):
            name, state = str(one["name"]), str(one["conclusion"] or one["status"])
            # A deployment is tried again by a run of its own, whose word is the newer one.
            if _delivers(name) or states.get(name, "success") in _GOOD:
                states[name] = state
        statuses = self._rest.pages(f"{self._at}/commits/{sha}/status", "statuses")
        return {**states, **{str(one["context"]): str(one["state"]) for one in statuses}}

    def _commit(self, tag: str) -> str | None:
        try:
            return str(self._rest.get(f"{self._at}/commits/{quote(f'tags/{tag}', safe='')}")["sha"])
        except RestError as error:
            if error.status in (404, 422):
                return None
            raise

    def _runs(self, workflow: str, **parameters: str) -> list[dict[str, Any]]:
        path = f"{self._at}/actions/workflows/{workflow}/runs"
        return self._rest.get(path, per_page=20, **parameters)["workflow_runs"]

    def _appearing(self, workflow: str, wanted: Callable[[dict[str, Any]], bool], **parameters: str) -> Run:
        """A dispatch answers without the run's id on servers older than 2026: it is looked for until it is listed."""
        for _ in range(APPEARS):
            for run in self._runs(workflow, **parameters):
                if wanted(run):
                    return Run(str(run["id"]), str(run["html_url"]), self._named)
            self._sleep(1)
        raise RestError(f"GitHub lists no run of {workflow}; is it switched on?")
