"""`remove-release`: a release goes, with its entry and its secrets; its data stays unless a word is typed.

The steps come in an order in which each can be repeated: after an interruption the same command goes on.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.names import result_schema, schema
from infra.preview import create_only, planning
from infra.preview.model import PROVIDER_PREFIX, Plan
from infra.preview.planning import ROOT
from ops import last_copy, stack_text
from ops.carried_secrets import releases_of
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.job import run_manifest
from ops.moves import moved
from ops.stack import Rest, Stack, StackOption, StacksOption, resources_of

CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
BOOTSTRAP = "app.kubernetes.io/name=database-bootstrap"


def remove_release(
    stack: StackOption,
    release: Annotated[str, typer.Option(help="The release that goes.")],
    rest: Rest = None,
    stacks: StacksOption = ROOT,
    drop: Annotated[
        str, typer.Option(metavar="DATABASE", help="Drop its databases too: its name, airflow_RELEASE.")
    ] = "",
    no_copy: Annotated[bool, typer.Option("--no-copy", help="Take no dump or snapshot first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; `pulumi up` asks by itself without its own.")] = False,
) -> None:
    """Take a release out of a stack: show what goes, copy the database, remove entry and secrets, then `pulumi up`."""
    chosen = Stack(stack, stacks)
    if drop and drop != schema(release):
        raise OpsError(f"DROP={drop}: the database of {release} is {schema(release)}; leave DROP out to keep it")
    exported = chosen.export()
    standing = release in releases_of(resources_of(exported))
    _check(chosen, release)
    text = stack_text.read(chosen.file.path)
    without = stack_text.without_release(text, chosen.file.path, chosen.file.project, release)
    if standing or without != text:
        after = _plan(chosen, without)
        going = _going(exported, after)
        _ask(_shown(chosen, release, going), release, yes)
        if standing and not no_copy:
            last_copy.take(chosen, after, release)
        _keep(chosen, exported, {one["urn"] for one in going if one["kept"]})
        stack_text.write(chosen.file.path, without)
        _say(f"{chosen.file.path.name}: the entry and the secrets of {release} are out; commit it")
    elif not drop:
        names = ", ".join(one.name for one in chosen.settings.releases)
        raise OpsError(f"{stack} has no release {release}, in its file or its state; it has {names}")
    chosen = Stack(stack, stacks)  # its file is another by now
    with moved(chosen) as copy:
        copy.on_terminal("up", *(rest or ()))
    if drop:
        _drop(chosen, release)
    else:
        again = f"make remove-release {chosen.given} RELEASE={release} DROP={schema(release)}"
        _say(f"{release} is gone. Its database stays on the server; `{again}` drops it")


def _check(stack: Stack, release: str) -> None:
    if [one.name for one in stack.settings.releases] == [release]:
        raise OpsError(f"{release} is the only release of {stack.name}: `make destroy {stack.given}` ends the stack")


def _plan(stack: Stack, text: str) -> Plan:
    """The plan of the stack with this text as its file."""
    with tempfile.TemporaryDirectory(prefix="airflow-without-") as folder:
        Path(folder, stack.file.path.name).write_text(text, encoding="utf-8")
        return planning.make(planning.Request(stack.name, Path(folder))).plan


def _going(exported: dict[str, Any], after: Plan) -> list[dict[str, Any]]:
    """What stands in the state and not in the plan, `kept` where it holds data in the cloud or is set on what does.

    A volume in Kubernetes holds none itself: the share behind it does.
    """
    gone = [one for one in resources_of(exported) if one.get("custom") and one["urn"] not in after.by_urn]
    gone = [one for one in gone if not one["type"].startswith(PROVIDER_PREFIX)]
    holders = {_place(one) for one in gone if _in_cloud(one) and create_only.rules(one["type"]).holds_data}
    return [{**one, "kept": _in_cloud(one) and _place(one) in holders} for one in gone]


def _in_cloud(resource: dict[str, Any]) -> bool:
    return not resource["type"].startswith("kubernetes:")


def _claims(gone: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Those for which the cluster made a volume; one that is named is a share's, and stays."""
    for one in gone:
        if one["type"] == CLAIM and not one.get("inputs", {}).get("spec", {}).get("volumeName"):
            yield one


def _place(resource: dict[str, Any]) -> tuple[str, str]:
    """Parent and `aws:s3` or `azure-native:storage`: an endpoint or a right beside a bucket is of another module."""
    package, module, _ = resource["type"].split(":")
    return resource.get("parent", ""), f"{package}:{module.partition('/')[0]}"


def _shown(stack: Stack, release: str, going: list[dict[str, Any]]) -> Iterator[str]:
    gone = [one for one in going if not one["kept"]]
    cloud = sum(map(_in_cloud, gone))
    yield f"{release} of {stack.name} goes: {len(gone) - cloud} objects of the cluster, {cloud} of the cloud"
    yield from (f"  goes: {one['type']} {_name(one)}" for one in gone if _in_cloud(one))
    yield from (
        f"  goes with what is in it, unless its class keeps volumes: claim {_name(one)}" for one in _claims(gone)
    )
    secrets = ", ".join(sorted(key for key in stack.secret_keys if key.startswith(f"{release}.")))
    yield f"  out of {stack.file.path.name}: its entry; secrets: {secrets or 'none of its own'}"
    yield f"  stays: database {schema(release)} on the server (Celery's results too), until DROP names it"
    for one in going:
        if one["kept"]:
            yield f"  stays with all that is in it, and is no longer Pulumi's: {one['type']} {_name(one)}"
    yield "  logs: those in a bucket, container or share stay there, as above; those of pods go with them"


def _name(resource: dict[str, Any]) -> str:
    """What the cloud calls it."""
    return str(resource.get("id") or resource["urn"].rpartition("::")[2])


def _ask(lines: Iterator[str], release: str, yes: bool) -> None:
    for line in lines:
        _say(line)
    if yes:
        return
    if not sys.stdin.isatty():
        raise OpsError("nobody is there to ask, and nothing was changed: YES=1 says that it may go")
    if typer.prompt(f"Type {release} to let it go", default="", show_default=False) != release:
        raise OpsError("nothing was changed")


def _keep(stack: Stack, exported: dict[str, Any], urns: set[str]) -> None:
    """Have the engine forget these without deleting them: it reads `retainOnDelete` from the state."""
    for resource in resources_of(exported):
        if resource["urn"] in urns:
            resource["retainOnDelete"], resource["protect"] = True, False
    if urns:
        stack.capture("stack", "import", given=json.dumps(exported))


def _drop(stack: Stack, release: str) -> None:
    """By a Job as the one that makes databases, of a release that stands."""
    namespace = stack.names.resource("database-admin")
    with cluster_of(stack) as cluster:
        jobs = cluster.get("jobs", "--selector", BOOTSTRAP, "--namespace", namespace)["items"]
        if not jobs:
            raise OpsError(f"no release's database Job is in namespace {namespace}: deploy one, then this again")
        spec = dropping(jobs[0]["spec"]["template"]["spec"], [schema(release), result_schema(release)])
        code = run_manifest(cluster, namespace, f"drop-{release}", spec)
    if code:
        raise OpsError("the Job failed: mend what its log says, then this again")
    _say(f"{schema(release)} is dropped")


def dropping(pod: dict[str, Any], roles: list[str]) -> dict[str, Any]:
    """A Job's spec: the pod of the Job that makes databases, with the script that drops these."""
    script = resources.files("infra.airflow").joinpath("scripts", "drop.py").read_text()
    (container,) = pod["containers"]
    env = [
        one for one in container.get("env", ()) if one["name"] != "ROLES" and not one["name"].startswith("PASSWORD_")
    ]
    env.append({"name": "ROLES", "value": json.dumps(roles)})
    *waits, _, _ = container["args"]  # for the server; behind that stand `python` and the script of that Job
    made = {**pod, "containers": [{**container, "args": [*waits, "python", "-c", script], "env": env}]}
    return {"backoffLimit": 0, "activeDeadlineSeconds": 540, "template": {"spec": made}}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
