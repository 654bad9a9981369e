"""What people see of a release while it changes: asked four times a second by a pod that stands in its namespace."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from infra.airflow.parts import API_PORT
from ops.cluster import Cluster
from tests.live.policies import pod
from tests.live.site import IMAGE

COMPONENTS = ("scheduler", "triggerer", "dag_processor")
ASK = """
import json, sys, time, urllib.request
while True:
    began, seen = time.time(), {}
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=3) as answer:
            seen = {key: value["status"] for key, value in json.load(answer).items()}
    except Exception as error:
        seen = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps([began, seen]), flush=True)
    time.sleep(max(0, 0.25 - (time.time() - began)))
"""


@dataclass
class Probe:
    """`api_away`: the longest time between two answers. `unhealthy`: the longest for each component. Seconds."""

    cluster: Cluster
    release: str
    api_away: float = 0
    unhealthy: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def namespace(self) -> str:
        return f"airflow-{self.release}"

    def start(self) -> None:
        address = f"http://{self.release}-api-server:{API_PORT}/{self.release}/api/v2/monitor/health"
        labels = {"release": self.release, "airflow-platform/reaches-api": "true"}
        made = pod("probe", IMAGE, ["python", "-c", ASK, address], **labels)
        self.cluster.run("create", "-f", "-", "-n", self.namespace, given=json.dumps(made))
        self.cluster.run("wait", "--for=condition=Ready", "pod/probe", "-n", self.namespace, "--timeout=180s")
        deadline = time.monotonic() + 120
        while not any("error" not in seen for _, seen in self._seen()):
            assert time.monotonic() < deadline, f"no answer of {address}: {self._log()[-500:]}"
            time.sleep(1)

    def end(self) -> None:
        """Read what it saw, and take it away."""
        seen = list(self._seen())
        first = next(number for number, (_, one) in enumerate(seen) if "error" not in one)
        seen = seen[first:]
        self.api_away = _longest([(at, "error" not in one) for at, one in seen])
        for name in COMPONENTS:
            answers = [(at, one.get(name) == "healthy") for at, one in seen if "error" not in one]
            self.unhealthy[name] = _longest(answers)
        self.remove()

    def remove(self) -> None:
        self.cluster.run("delete", "pod", "probe", "-n", self.namespace, "--ignore-not-found", "--grace-period=0")

    def _log(self) -> str:
        return self.cluster.run("logs", "probe", "-n", self.namespace, "--tail=-1")

    def _seen(self) -> Iterator[tuple[float, dict[str, str]]]:
        for line in self._log().splitlines():
            yield tuple(json.loads(line))


def _longest(answers: list[tuple[float, bool]]) -> float:
    """Seconds from the last good answer before the longest gap to the first one after it; 0 where all were good."""
    longest, last_good, bad = 0.0, answers[0][0], False
    for at, good in answers:
        if good:
            longest = max(longest, at - last_good) if bad else longest
            last_good = at
        bad = not good
    return max(longest, answers[-1][0] - last_good) if bad else longest


def moment(text: str) -> datetime:
    """A time as Airflow's and Kubernetes' APIs write it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
