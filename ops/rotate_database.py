"""`rotate-database`: new passwords by the logins whose turn it is, then the old logins closed."""

from typing import Annotated

import typer

from infra.airflow.parts import LOGINS, Parts
from infra.names import login, result_schema, schema
from infra.preview.planning import ROOT
from infra.settings import SECRETS
from ops.cluster import Cluster, cluster_of
from ops.errors import OpsError
from ops.job import run_job
from ops.moves import moved
from ops.rotate_fernet import say
from ops.stack import Rest, Stack, StackOption, StacksOption


def rotate_database(
    stack: StackOption,
    rest: Rest = None,
    release: Annotated[str, typer.Option(help="Release.", show_default="the only one")] = "",
    stacks: StacksOption = ROOT,
) -> None:
    """Give a release new passwords of its database. New pods come in with them while the old ones still do."""
    chosen = Stack(stack, stacks)
    one = chosen.release(release)
    roles = {f"{one.name}.databasePassword": schema(one.name)}
    if one.on_celery:
        roles[chosen.secret_key("resultPassword", release)] = result_schema(one.name)
    held = {key: chosen.get_secret(key) for key in roles}
    if missing := [key for key, password in held.items() if not password]:
        raise OpsError(f"{stack} has no {missing[0]} yet: `make secrets {chosen.given}` makes one")
    job, namespace = Parts(one).of("close-logins"), chosen.names.resource("database-admin")
    with cluster_of(chosen) as cluster:
        standing = _standing(cluster, Parts(one))
    for key, role in roles.items():
        if standing is None or login(role, held[key]) in standing:  # or else it was set, and its `up` interrupted
            chosen.set_secret(key, other(role, held[key]))
    say("1/2", "new passwords: pods are renewed one after another, and the old ones keep theirs until they end")
    with moved(chosen) as copy:
        copy.on_terminal("up", *(rest or ()))
    say("2/2", "the old logins are closed")
    with cluster_of(chosen) as cluster:
        code = run_job(cluster, namespace, job, {})
    if code:
        raise OpsError("the Job failed, and the old passwords still work: mend what its log says, then run this again")


def _standing(cluster: Cluster, own: Parts) -> list[str] | None:
    """The logins by which the release came up last; None where an earlier version made it."""
    config = f"metadata.name={own.of('config')}"
    for one in cluster.get("configmaps", "--namespace", own.namespace, "--field-selector", config)["items"]:
        if said := one["metadata"].get("annotations", {}).get(LOGINS):
            return str(said).split()
    return None


def other(role: str, password: str) -> str:
    """A new password that is the other login's."""
    generate = SECRETS["databasePassword"].generate
    if generate is None:
        raise OpsError("a database password cannot be made here")
    while login(role, made := generate()) == login(role, password):
        pass
    return made
