"""Jobs that the program holds ready in the cluster as CronJobs that never start by themselves: a verb runs one."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ops.cluster import Cluster
from ops.errors import OpsError

_PATIENCE = 300  # seconds for a pod to start: a first one pulls the image
Here = tuple[str, str]
"""kubectl's option for the namespace."""


def run_job(cluster: Cluster, namespace: str, cron_job: str, env: Mapping[str, str]) -> int:
    """Run a CronJob's Job once, with more environment, and print its log; 0 or the container's exit code.

    The Job's name is always the same, so that two at once are refused by the cluster. Ctrl-C leaves one that has begun
    to its work, half of which may be worse than none.
    """
    name, here = _name(cron_job), ("--namespace", namespace)
    _forget_finished(cluster, name, here)
    _create(cluster, cron_job, here, env)
    return _followed(cluster, name, here)


def run_manifest(cluster: Cluster, namespace: str, name: str, spec: Mapping[str, Any]) -> int:
    """Run a Job of this name and spec once, as `run_job` does."""
    here = ("--namespace", namespace)
    _forget_finished(cluster, name, here)
    made = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}
    cluster.run("create", "-f", "-", *here, given=json.dumps(made))
    return _followed(cluster, name, here)


def _followed(cluster: Cluster, name: str, here: Here) -> int:
    with _gone_unless_begun(cluster, name, here):
        _await_pod(cluster, name, here, lambda phase: phase not in (None, "Pending"))
    try:
        subprocess.run(cluster.command("logs", "--follow", f"job/{name}", *here), env=cluster.environment, check=False)
    except KeyboardInterrupt:
        sys.stderr.write(f"job {name} goes on: `kubectl logs --follow job/{name} -n {here[1]}`\n")
        raise
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
        _delete(cluster, name, here)


def _name(cron_job: str) -> str:
    return f"{cron_job}-by-hand"


def _delete(cluster: Cluster, name: str, here: Here) -> None:
    cluster.run("delete", "job", name, *here, "--ignore-not-found", "--wait=false")


@contextmanager
def _gone_unless_begun(cluster: Cluster, name: str, here: Here) -> Generator[None]:
    """Nobody looks any more: a restore that begins an hour later, when there is room at last, would surprise."""
    try:
        yield
    except (OpsError, KeyboardInterrupt):
        _delete(cluster, name, here)
        raise


def _create(cluster: Cluster, cron_job: str, here: Here, env: Mapping[str, str]) -> None:
    made = cluster.run(
        "create", "job", _name(cron_job), f"--from=cronjob/{cron_job}", *here, "--dry-run=client", "-o", "json"
    )
    job = json.loads(made)
    job["spec"]["backoffLimit"] = 0  # who started it by hand sees it fail, and starts it again
    if given := [{"name": key, "value": value} for key, value in env.items() if value]:
        (container,) = job["spec"]["template"]["spec"]["containers"]
        container["env"] = [*container.get("env", ()), *given]
    cluster.run("create", "-f", "-", *here, given=json.dumps(job))


def _forget_finished(cluster: Cluster, name: str, here: Here) -> None:
    found = cluster.run("get", "job", name, *here, "--ignore-not-found", "-o", "json")
    if not found:
        return
    if not _finished(json.loads(found)):
        raise OpsError(f"job {name} in namespace {here[1]} is running: wait for it, or `kubectl delete job` it")
    cluster.run("delete", "job", name, *here)


def _finished(job: dict[str, Any]) -> dict[str, Any] | None:
    """The condition with which a Job ended: `Complete`, or `Failed` with a reason."""
    conditions: list[dict[str, Any]] = job.get("status", {}).get("conditions", [])
    ended = (one for one in conditions if one["type"] in ("Complete", "Failed") and one["status"] == "True")
    return next(ended, None)


def _pod(cluster: Cluster, name: str, here: Here) -> dict[str, Any] | None:
    pods = cluster.get("pods", "--selector", f"job-name={name}", *here)["items"]
    return max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)


def _await_pod(cluster: Cluster, name: str, here: Here, there: Callable[[str | None], bool]) -> str:
    """The newest pod's name, once its phase is `there`; meanwhile says what it waits for."""
    said = ["nothing says why"]
    for _ in range(_PATIENCE):
        pod = _pod(cluster, name, here)
        if pod and there(pod["status"].get("phase")):
            return str(pod["metadata"]["name"])
        if (why := _waits_for(cluster, name, here, pod)) and why not in said:
            said.append(why)
            sys.stderr.write(f"job {name} waits: {why}\n")
        time.sleep(1)
    raise OpsError(f"the pod of job {name} did not start in {_PATIENCE} s: {said[-1]}")


def _waits_for(cluster: Cluster, name: str, here: Here, pod: dict[str, Any] | None) -> str:
    """Why a pod has not begun, in Kubernetes' words: no node, no image; or what keeps it from being made: a quota."""
    if pod is None:
        with suppress(OpsError):  # who may run Jobs need not be allowed to read events
            of_job = f"involvedObject.kind=Job,involvedObject.name={name},type=Warning"
            events = cluster.get("events", "--field-selector", of_job, *here)["items"]
            return re.sub(rf"{name}-\w+", name, events[-1]["message"]) if events else ""  # each try has another name
        return ""
    waiting = [one["state"].get("waiting", {}) for one in pod["status"].get("containerStatuses", [])]
    found = [f"{one['reason']}: {one['message']}" for one in waiting if "message" in one]
    unscheduled = [one for one in pod["status"].get("conditions", []) if one.get("reason") == "Unschedulable"]
    return next(iter([*found, *(str(one["message"]) for one in unscheduled)]), "")


def _exit_code(cluster: Cluster, name: str, here: Here) -> int:
    """The container's, once the Job is over too: until then the next one by hand would be refused."""
    for _ in range(60):
        if ended := _finished(cluster.get("job", name, *here)):
            return 0 if ended["type"] == "Complete" else _failure(cluster, name, here, ended)
        time.sleep(1)
    sys.stderr.write(f"job {name} still runs after its log ended: `kubectl get job/{name} -n {here[1]}`\n")
    return 1


def _failure(cluster: Cluster, name: str, here: Here, ended: dict[str, Any]) -> int:
    """The exit code; where there is none, since a deadline or an eviction took the pod, 1 after Kubernetes' words."""
    pod = _pod(cluster, name, here)
    statuses: list[dict[str, Any]] = pod["status"].get("containerStatuses", []) if pod else []
    if code := next((one["state"]["terminated"]["exitCode"] for one in statuses if "terminated" in one["state"]), 0):
        return int(code)
    sys.stderr.write(f"job {name} failed: {ended.get('message', 'nothing says why')}\n")
    return 1
