"""The stack that the tests look at, its releases, and what was seen while it changed."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.cluster import Cluster
from tests.e2e import stack_file
from tests.e2e.clone import Clone
from tests.e2e.probe import Probe, moment
from tests.live.api import Api

HOLD = """
import time
from airflow.sdk import Param, Variable, dag, get_current_context, task

@dag(schedule=None, catchup=False, is_paused_upon_creation=False, params={"seconds": Param(10, type="integer")})
def hold():
    @task(retries=0)
    def sleep():
        time.sleep(get_current_context()["params"]["seconds"])
        return Variable.get("report_title")
    sleep()

hold()
"""
LONG = 150
"""Seconds that a task runs while its release changes under it: longer than a release takes to be renewed."""


@dataclass(frozen=True)
class Place:
    """A release on the cluster."""

    cluster: Cluster
    release: str

    @property
    def namespace(self) -> str:
        return f"airflow-{self.release}"


@dataclass(frozen=True)
class Seen:
    """What a change did to a release. `lost`: tasks that failed or had to begin anew; times in seconds."""

    change: str
    release: str
    executor: str
    took: float
    api_away: float
    unhealthy: dict[str, float]
    outlived: bool
    lost: list[str]

    @property
    def row(self) -> str:
        parts = [f"{name} {seconds:.0f} s" for name, seconds in self.unhealthy.items() if seconds]
        lost = ", ".join(self.lost) or "none"
        cells = (self.change, self.executor, f"{self.took:.0f} s", lost, f"{self.api_away:.1f} s", ", ".join(parts))
        return f"| {' | '.join(cells)} |"


@dataclass
class Trial:
    """The stack `local` of a clone. `seen` grows with each change."""

    clone: Clone
    cluster: Cluster
    seen: list[Seen] = field(default_factory=list[Seen])

    def set_up(self) -> None:
        """As docs/existing.md says it, up to the first deployment."""
        (self.clone.project / "dags" / "hold.py").write_text(HOLD)
        stack_file.fill(self.clone, self.cluster)
        self.clone.pulumi("stack", "init")
        self.make_secrets()
        settings = (self.clone.project / "settings/local/secret.example.yaml").read_text()
        self.clone.pulumi("config", "set", "--secret", "airflow:settings", given=settings)
        self.deploy()

    def make_secrets(self) -> None:
        self.clone.make_verb("secrets")

    def deploy(self) -> None:
        self.clone.make_verb("deploy", "YES=1")

    def place(self, release: str) -> Place:
        return Place(self.cluster, release)

    @property
    def releases(self) -> dict[str, str]:
        """Release → executor, as the stack file has them."""
        return {one["name"]: one["executor"] for one in stack_file.read(self.clone)["releases"]}

    @contextmanager
    def api(self, release: str) -> Iterator[Api]:
        password = self.clone.config(f"{release}.adminPassword") or self.clone.config("adminPassword")
        made = Api(self.place(release), release, password)
        try:
            yield made
        finally:
            made.close()

    def hold(self, api: Api, seconds: int) -> str:
        """A run whose task sleeps, and by now does."""
        body = {"logical_date": None, "conf": {"seconds": seconds}}
        api.wait_for_dag("hold", 180)
        run = api.call("POST", "/api/v2/dags/hold/dagRuns", body)["dag_run_id"]
        deadline = time.monotonic() + 180
        while self.task(api, run)["state"] != "running":
            assert time.monotonic() < deadline, f"the task of {run} does not begin: {self.task(api, run)}"
            time.sleep(1)
        return run

    @staticmethod
    def task(api: Api, run: str) -> dict[str, Any]:
        (task,) = api.call("GET", f"/api/v2/dags/hold/dagRuns/{run}/taskInstances")["task_instances"]
        return task

    @contextmanager
    def watched(self, change: str) -> Iterator[None]:
        """Watch every release from its API and by a task that runs, while the body changes the stack."""
        releases = self.releases
        with ExitStack() as stack:
            apis = {name: stack.enter_context(self.api(name)) for name in releases}
            probes = {name: Probe(self.cluster, name) for name in releases}
            for probe in probes.values():
                stack.callback(probe.remove)
                probe.start()
            runs = {name: self.hold(api, LONG) for name, api in apis.items()}
            started = time.monotonic()
            yield
            took = time.monotonic() - started
            states = {name: apis[name].ended("hold", run, LONG + 120) for name, run in runs.items()}
            for name, probe in probes.items():
                probe.end()
                task = self.task(apis[name], runs[name])
                good = states[name] == "success" and task["try_number"] == 1
                lost = [] if good else [f"{states[name]} at try {task['try_number']}"]
                outlived = moment(task["end_date"]) > self._renewed(name) if task["end_date"] else True
                figures = (took, probe.api_away, probe.unhealthy, outlived, lost)
                self.seen.append(Seen(change, name, releases[name], *figures))

    def _renewed(self, release: str) -> Any:
        """When the youngest of the release's api-servers and schedulers came."""
        selector = "component in (api-server,scheduler)"
        pods = self.cluster.get("pods", "-n", f"airflow-{release}", "-l", selector)["items"]
        return max(moment(pod["metadata"]["creationTimestamp"]) for pod in pods)

    def report(self, file: Path) -> None:
        """The table of what was seen, and as JSON beside it."""
        head = (
            "| change | executor | took | running tasks lost | API away for at most | components unhealthy |",
            "|---|---|---|---|---|---|",
        )
        file.write_text("\n".join([*head, *(one.row for one in self.seen)]) + "\n")
        file.with_suffix(".json").write_text(json.dumps([vars(one) for one in self.seen], indent=1))
