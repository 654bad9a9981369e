"""`make up` beside `airflow standalone`: the same Airflow, the same DAGs, one after the other on the same machine.

    .venv/bin/python -m benchmarks.make_up [--tasks 200] [--rest 30] [--downloads]

Wall-clock seconds from the command to all four components healthy and the DAGs listed, and the processor seconds that
it took, which other work on the machine changes less; memory as the sum of all processes' shares (PSS) after `--rest`
idle seconds; `--tasks` short tasks from the trigger to the run's success.
`airflow standalone` runs with its own defaults: SQLite, SimpleAuthManager, 32 worker processes; its first start finds
Airflow installed and compiled by ours. `--downloads` makes the
first start with an empty package cache, as on a fresh machine.
"""

import argparse
import contextlib
import json
import math
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.real.local_checkout import Checkout, free_port  # noqa: E402  needs the path above
from tests.real.waiting import until  # noqa: E402

LIMIT = 300.0  # seconds for the tasks; standalone does not restart a scheduler that died
BUDGET = {"first start": 240.0, "second start": 45.0}
DAG = """
from airflow.sdk import dag, task

@dag(schedule=None, max_active_tasks=1000)
def many():
    @task
    def one(number: int) -> int:
        return number
    one.expand(number=list(range({tasks})))

many()
"""


@dataclass
class Standalone:
    """`airflow standalone` of a virtualenv, in a home of its own."""

    venv: Path
    dags: Path
    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is as healthy as `make start` leaves ours."""
        foreign = ("AIRFLOW", "PYTHONDONTWRITEBYTECODE")
        own = {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "PATH": f"{self.venv / 'bin'}:{os.environ['PATH']}",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.home.mkdir(exist_ok=True)
        with (self.home / "standalone.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["airflow", "standalone"],
                env=inherited | own,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
            )
        until(self._healthy, "standalone healthy")

    def _healthy(self) -> bool:
        try:
            told = httpx.get(f"http://127.0.0.1:{self.port}/api/v2/monitor/health", timeout=5).json()
            healthy = all(told[name]["status"] == "healthy" for name in ("scheduler", "triggerer", "dag_processor"))
            with self.api() as api:
                return healthy and int(api.get("/dags").json()["total_entries"]) > 1
        except (httpx.HTTPError, OSError, KeyError, ValueError):
            return False

    def api(self) -> httpx.Client:
        """A client as its generated administrator."""
        (file,) = self.home.glob("simple_auth_manager_passwords*")
        login = {"username": "admin", "password": json.loads(file.read_text())["admin"]}
        base = f"http://127.0.0.1:{self.port}"
        token = httpx.post(f"{base}/auth/token", json=login, timeout=60).raise_for_status().json()["access_token"]
        return httpx.Client(base_url=f"{base}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def processes(self) -> list[psutil.Process]:
        """All its processes."""
        assert self.process
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def stop(self) -> None:
        """End them all: its own SIGTERM leaves children (docs/adr/0010-process-supervisor.md)."""
        family = self.processes()
        assert self.process
        os.killpg(self.process.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=10)
        for process in alive:
            process.kill()
        self.process.wait()


def started(kind: "Checkout | Standalone") -> tuple[float, float]:
    """Start one; wall-clock and processor seconds until it is healthy."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    kind.start()
    took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    # what has ended and was ours to wait for, and what runs, with what that has waited for
    ended = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, ended + total(kind.processes(), lambda process: sum(process.cpu_times()[:4]))


def total(processes: list[psutil.Process], of: Callable[[psutil.Process], float]) -> float:
    """The sum over those that are still there."""
    found = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found += of(process)
    return found


def mebibytes(processes: list[psutil.Process]) -> float:
    """The sum of the processes' proportional shares of memory."""
    return total(processes, lambda process: cast("Any", process.memory_full_info()).pss) / 2**20


def tasks(api: httpx.Client) -> float:
    """Seconds from the trigger of the DAG `many` to its success; infinite where it fails or takes above `LIMIT`."""
    api.patch("/dags/many", json={"is_paused": False}).raise_for_status()
    begin = time.monotonic()
    run = api.post("/dags/many/dagRuns", json={"logical_date": None}).raise_for_status().json()["dag_run_id"]

    def ended() -> str:
        try:
            answer = api.get(f"/dags/many/dagRuns/{run}")
        except httpx.TransportError:  # busy with the tasks themselves
            return ""
        if answer.is_server_error:  # standalone's SQLite: locked by the tasks' reports
            return ""
        state = str(answer.raise_for_status().json()["state"])
        return "" if state in ("queued", "running") else state

    while not (state := ended()) and time.monotonic() - begin < LIMIT:
        time.sleep(0.3)
    return time.monotonic() - begin if state == "success" else math.inf


def measured(kind: "Checkout | Standalone", rest: float) -> dict[str, float]:
    """All figures of one of the two."""
    found: dict[str, float] = {}
    for name in ("first start", "second start"):
        try:
            found[name], found[f"{name}, CPU"] = started(kind)
            if name == "second start":
                time.sleep(rest)
                found["memory at rest"] = mebibytes(kind.processes())
                print(type(kind).__name__, {name: round(value, 1) for name, value in found.items()}, flush=True)
                with kind.api() as api:
                    found["tasks"] = tasks(api)
        finally:
            kind.stop()
    print(type(kind).__name__, {name: round(value, 1) for name, value in found.items()}, flush=True)
    return found


def main() -> int:
    """Print the table; 1 where a figure is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=200, help="tasks of the run that is timed")
    parser.add_argument("--rest", type=float, default=30, help="idle seconds before memory is read")
    parser.add_argument("--downloads", action="store_true", help="first start with an empty package cache")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-local-") as folder:
        checkout = Checkout.fresh(Path(folder, "checkout"))
        (checkout.folder / "dags" / "many.py").write_text(DAG.format(tasks=options.tasks))
        if options.downloads:
            os.environ["UV_CACHE_DIR"] = str(Path(folder, "cache"))
        try:
            ours = measured(checkout, options.rest)
            venv = checkout.folder / ".airflow" / "venv"
            theirs = measured(Standalone(venv, checkout.folder / "dags", Path(folder, "standalone")), options.rest)
        finally:
            checkout.make("clean", "YES=1")
    print(f"{'':<18} {'make up':>12} {'standalone':>12} {'ratio':>7}")
    for name, value in ours.items():
        unit = "MiB" if name.startswith("memory") else "s"
        label = f"{options.tasks} tasks" if name == "tasks" else name
        print(f"{label:<18} {value:>8.1f} {unit:<3} {theirs[name]:>8.1f} {unit:<3} {value / theirs[name]:>7.2f}")
    return 0 if all(ours[name] <= limit for name, limit in BUDGET.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
