"""`dump` and `restore` of the database in an existing cluster, by the Jobs that the stack holds ready for them."""

from typing import Annotated

import typer

from infra.names import DATABASE_DUMP, DATABASE_RESTORE
from infra.preview.planning import ROOT
from infra.settings.existing import ClusterDatabase, ExistingCloud
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.job import run_job
from ops.stack import Stack, StackOption, StacksOption


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
