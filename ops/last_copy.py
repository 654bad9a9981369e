"""A last copy of a stack's database before something goes: a dump in the cluster, or the cloud's own snapshot."""

import subprocess
import sys
import time
from typing import Any

from infra.names import DATABASE_DUMP
from infra.preview.model import Plan
from infra.settings.azure import AzureCloud
from infra.settings.existing import ClusterDatabase, ExistingCloud
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.job import run_job
from ops.stack import Stack


def take(stack: Stack, plan: Plan, release: str) -> None:
    """Copy the server that `plan` describes; it holds every release's database. Raises OpsError with a cure."""
    cloud = stack.settings.cloud
    if not isinstance(cloud, ExistingCloud):
        name = f"before-{release}-went-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
        for command in _azure(plan, name) if isinstance(cloud, AzureCloud) else _aws(plan, cloud.region, name):
            _run(command)
        sys.stdout.write(f"snapshot {name} is there\n")
        return
    if not isinstance(cloud.database, ClusterDatabase):
        raise OpsError(
            f"the database server of {stack.name} is your own: dump airflow_{release.replace('-', '_')} there, "
            "then this again with ARGS=--no-copy"
        )
    with cluster_of(stack) as cluster:
        code = run_job(cluster, stack.names.resource("database"), DATABASE_DUMP, {})
    if code:
        raise OpsError("the dump failed and nothing was changed: mend what its log says, then this again")


def _aws(plan: Plan, region: str, name: str) -> list[list[str]]:
    identifier = _inputs(plan, "aws:rds/instance:Instance")["identifier"]
    of, made = ["--region", region], ["--db-snapshot-identifier", name]
    return [
        ["aws", "rds", "create-db-snapshot", *of, "--db-instance-identifier", identifier, *made],
        ["aws", "rds", "wait", "db-snapshot-available", *of, *made],
    ]


def _azure(plan: Plan, name: str) -> list[list[str]]:
    server = _inputs(plan, "azure-native:dbforpostgresql:Server")["serverName"]
    group = _inputs(plan, "azure-native:resources:ResourceGroup")["resourceGroupName"]
    at = ["--resource-group", group, "--name", server]
    return [["az", "postgres", "flexible-server", "backup", "create", *at, "--backup-name", name]]


def _inputs(plan: Plan, token: str) -> dict[str, Any]:
    return dict(plan.of_type(token)[0].inputs)


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OpsError(
            f"{command[0]} is not on the PATH, and it takes the last snapshot; with one of your own: ARGS=--no-copy"
        ) from None
    if done.returncode:
        raise OpsError(f"`{' '.join(command)}` failed, and nothing was changed: {done.stderr.strip()}")
