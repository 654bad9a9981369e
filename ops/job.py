"""Jobs that the program holds ready in the cluster as CronJobs that never start by themselves: a verb runs one."""

import json
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from ops.cluster import Cluster
from ops.errors import OpsError

_PATIENCE = 300  # seconds for a pod to start: a first one pulls the image
Here = tuple[str, str]
"""kubectl's option for the namespace."""


def run_job(cluster: Cluster, namespace: str, cron_job: str, env: Mapping[str, str]) -> int:
    """Run a CronJob's Job once, with more environment, and print its log; 0 or the container's exit code.

    The Job's name is always the same, so that two at once are refused by the cluster.
    """
    name, here = _name(cron_job), ("--namespace", namespace)
    _forget_finished(cluster, name, here)
    _create(cluster, cron_job, here, env)
    _await_pod(cluster, name, here, lambda phase: phase not in (None, "Pending"))
    cluster.follow("logs", "--follow", f"job/{name}", *here)
    return _exit_code(cluster, name, here)


@contextmanager
def held_job(cluster: Cluster, namespace: str, cron_job: str) -> Generator[str]:
    """The running pod of a CronJob's Job that waits to be told by `kubectl exec`, for as long as the context lasts."""
    name, here = _name(cron_job), ("--namespace", namespace)
    cluster.run("delete", "job", name, *here, "--ignore-not-found")  # one whose verb was killed
    _create(cluster, cron_job, here, {})
    try:
        yield _await_pod(cluster, name, here, lambda phase: phase == "Running")
    finally:
        cluster.run("delete", "job", name, *here, "--ignore-not-found", "--wait=false")


def _name(cron_job: str) -> str:
    return f"{cron_job}-by-hand"


def _create(cluster: Cluster, cron_job: str, here: Here, env: Mapping[str, str]) -> None:
    made = cluster.run(
        "create", "job", _name(cron_job), f"--from=cronjob/{cron_job}", *here, "--dry-run=client", "-o", "json"
    )
    job = json.loads(made)
    if given := [{"name": key, "value": value} for key, value in env.items() if value]:
        (container,) = job["spec"]["template"]["spec"]["containers"]
        container["env"] += given
    cluster.run("create", "-f", "-", *here, given=json.dumps(job))


def _forget_finished(cluster: Cluster, name: str, here: Here) -> None:
    found = cluster.run("get", "job", name, *here, "--ignore-not-found", "-o", "json")
    if not found:
        return
    status = json.loads(found).get("status", {})
    if status.get("active"):
        raise OpsError(f"job {name} in namespace {here[1]} is running: wait for it, or `kubectl delete job` it")
    cluster.run("delete", "job", name, *here)


def _pod(cluster: Cluster, name: str, here: Here) -> dict[str, Any] | None:
    pods = cluster.get("pods", "--selector", f"job-name={name}", *here)["items"]
    return max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)


def _await_pod(cluster: Cluster, name: str, here: Here, there: Callable[[str | None], bool]) -> str:
    """The newest pod's name, once its phase is `there`."""
    for _ in range(_PATIENCE):
        pod = _pod(cluster, name, here)
        if pod and there(pod["status"].get("phase")):
            return str(pod["metadata"]["name"])
        time.sleep(1)
    raise OpsError(
        f"the pod of job {name} did not start in {_PATIENCE} s: `kubectl describe job/{name} -n {here[1]}` says why"
    )


def _exit_code(cluster: Cluster, name: str, here: Here) -> int:
    """The container's, once the Job is over too: until then the next one by hand would be refused."""
    for _ in range(60):
        pod = _pod(cluster, name, here)
        statuses: list[dict[str, Any]] = pod["status"].get("containerStatuses", []) if pod else []
        ended = [status["state"]["terminated"] for status in statuses if "terminated" in status["state"]]
        if ended and not cluster.get("job", name, *here).get("status", {}).get("active"):
            return int(ended[0]["exitCode"])
        time.sleep(1)
    sys.stderr.write(f"job {name} still runs after its log ended: `kubectl get job/{name} -n {here[1]}`\n")
    return 1
