"""`dump` and `restore` of the database in an existing cluster, by the Jobs that the stack holds ready for them."""

import json
import sys
import time
from typing import Annotated, Any

import typer

from infra.names import DATABASE_DUMP, DATABASE_RESTORE
from infra.preview.planning import ROOT
from infra.settings.existing import ClusterDatabase, ExistingCloud
from ops.cluster import Cluster, cluster_of
from ops.errors import OpsError
from ops.stack import Stack, StackOption, StacksOption

_PATIENCE = 300  # seconds for a pod to start: a first one pulls the image


def restore(
    stack: StackOption,
    dump: Annotated[str, typer.Option(help="Name of a dump, or `latest`.", show_default="lists the dumps")] = "",
    database: Annotated[str, typer.Option(help="The only database to restore.", show_default="all of the dump")] = "",
    stacks: StacksOption = ROOT,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Restore the database in the cluster from a dump; without a dump's name, list them."""
    chosen = Stack(stack, stacks)
    namespace = _namespace(chosen)
    if dump and not yes:
        typer.confirm(f"Put dump {dump} in place of the databases of {stack}?", abort=True)
    with cluster_of(chosen) as cluster:
        code = run_job(cluster, namespace, DATABASE_RESTORE, {"DUMP": dump, "DATABASE": database})
    if code:
        raise typer.Exit(code)


def dump(stack: StackOption, stacks: StacksOption = ROOT) -> None:
    """Dump the database in the cluster now, beside what its schedule does."""
    chosen = Stack(stack, stacks)
    namespace = _namespace(chosen)
    with cluster_of(chosen) as cluster:
        code = run_job(cluster, namespace, DATABASE_DUMP, {})
    if code:
        raise typer.Exit(code)


def _namespace(stack: Stack) -> str:
    cloud = stack.settings.cloud
    if not isinstance(cloud, ExistingCloud) or not isinstance(cloud.database, ClusterDatabase):
        raise OpsError(
            f"{stack.name} has its database outside of the cluster, with backups of its own: "
            "docs/aws.md and docs/azure.md say how those are restored"
        )
    return stack.names.resource("database")


def run_job(cluster: Cluster, namespace: str, cron_job: str, env: dict[str, str]) -> int:
    """Run a CronJob's Job once, with more environment, and print its log; 0 or the container's exit code.

    The Job's name is always the same, so that two at once are refused by the cluster.
    """
    name = f"{cron_job}-by-hand"
    here = ("--namespace", namespace)
    _forget_finished(cluster, name, here)
    made = json.loads(
        cluster.run("create", "job", name, f"--from=cronjob/{cron_job}", *here, "--dry-run=client", "-o", "json")
    )
    (container,) = made["spec"]["template"]["spec"]["containers"]
    container["env"] += [{"name": key, "value": value} for key, value in env.items() if value]
    cluster.run("create", "-f", "-", *here, given=json.dumps(made))
    _await_start(cluster, name, here)
    cluster.follow("logs", "--follow", f"job/{name}", *here)
    return _exit_code(cluster, name, here)


def _forget_finished(cluster: Cluster, name: str, here: tuple[str, str]) -> None:
    found = cluster.run("get", "job", name, *here, "--ignore-not-found", "-o", "json")
    if not found:
        return
    status = json.loads(found).get("status", {})
    if status.get("active"):
        raise OpsError(f"job {name} in namespace {here[1]} is running: wait for it, or `kubectl delete job` it")
    cluster.run("delete", "job", name, *here)


def _pod(cluster: Cluster, name: str, here: tuple[str, str]) -> dict[str, Any] | None:
    pods = cluster.get("pods", "--selector", f"job-name={name}", *here)["items"]
    return max(pods, key=lambda pod: pod["metadata"]["creationTimestamp"], default=None)


def _await_start(cluster: Cluster, name: str, here: tuple[str, str]) -> None:
    for _ in range(_PATIENCE):
        pod = _pod(cluster, name, here)
        if pod and pod["status"].get("phase") not in (None, "Pending"):
            return
        time.sleep(1)
    raise OpsError(
        f"the pod of job {name} did not start in {_PATIENCE} s: `kubectl describe job/{name} -n {here[1]}` says why"
    )


def _exit_code(cluster: Cluster, name: str, here: tuple[str, str]) -> int:
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
