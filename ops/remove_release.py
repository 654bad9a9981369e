"""`remove-release`: a release goes, with its entry and its secrets; its data stays unless a word is typed.

The steps come in an order in which each can be repeated: after an interruption the same command goes on.
"""

import json
import sys
from collections.abc import Iterator
from importlib import resources
from typing import Annotated, Any, cast

import typer

from infra.names import result_schema, schema
from infra.preview import diff, planning
from infra.preview.diff import Diff
from infra.preview.model import Plan, Resource
from infra.preview.planning import ROOT
from ops import last_copy, stack_text
from ops.carried_secrets import releases_in_state
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.job import run_manifest
from ops.stack import Rest, Stack, StackOption, StacksOption

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
    if any(one.name == release for one in chosen.settings.releases):
        _take_out(chosen, release, no_copy, yes)
        chosen = Stack(stack, stacks)  # its file is another by now
    elif release not in releases_in_state(chosen):
        names = ", ".join(one.name for one in chosen.settings.releases)
        if not drop:
            raise OpsError(f"{stack} has no release {release}, in its file or its state; it has {names}")
    else:
        _say(f"{release} stands in the state alone: this goes on where it was")
    chosen.on_terminal("up", *(rest or ()))
    if drop:
        _drop(chosen, release)
    else:
        again = f"make remove-release {chosen.given} RELEASE={release} DROP={schema(release)}"
        _say(f"{release} is gone. Its database stays on the server; `{again}` drops it")


def _take_out(stack: Stack, release: str, no_copy: bool, yes: bool) -> None:
    if len(stack.settings.releases) == 1:
        raise OpsError(f"{release} is the only release of {stack.name}: `make destroy {stack.given}` ends the stack")
    text = stack_text.read(stack.file.path)
    without = stack_text.without_release(text, stack.file.path, stack.file.project, release)
    before, after = _plans(stack, release)
    goes = diff.compare(before, after)
    kept = list(_kept(goes))
    for line in _shown(stack, release, goes, kept):
        _say(line)
    if not yes:
        if not sys.stdin.isatty():
            raise OpsError("nobody is there to ask: ARGS=--yes says that it may go")
        if typer.prompt(f"Type {release} to let it go", default="", show_default=False) != release:
            raise OpsError("nothing was changed")
    standing = release in releases_in_state(stack)
    if standing and not no_copy:
        last_copy.take(stack, before, release)
    if standing and kept:
        _keep(stack, {one.urn for one in kept})
    stack_text.write(stack.file.path, without)
    _say(f"{stack.file.path.name}: the entry and the secrets of {release} are out; commit it")


def _plans(stack: Stack, release: str) -> tuple[Plan, Plan]:
    """The stack with the release and without."""
    entries = cast("list[dict[str, Any]]", stack.file.entries[f"{stack.file.project}:releases"].data)
    left = json.dumps([one for one in entries if one.get("name") != release])
    made = (planning.make(planning.Request(stack.name, stack.folder, given)) for given in ((), (f"releases={left}",)))
    before, after = (one.plan for one in made)
    return before, after


def _kept(goes: Diff) -> Iterator[Resource]:
    """What holds data in the cloud, and what is set on it: it stays, as nobody's. Volumes in Kubernetes are claims alone."""
    deleted = [change for change in goes.of_kind("deleted") if change.resource.package != "kubernetes"]
    holders = {(change.resource.parent, _module(change.resource)) for change in deleted if change.loses_data}
    for change in deleted:
        if change.resource.custom and (change.resource.parent, _module(change.resource)) in holders:
            yield change.resource


def _module(resource: Resource) -> str:
    """`aws:s3`, `azure-native:storage`: an endpoint or a right beside a bucket is of another one."""
    package, module, _ = resource.type.split(":")
    return f"{package}:{module.partition('/')[0]}"


def _shown(stack: Stack, release: str, goes: Diff, kept: list[Resource]) -> Iterator[str]:
    stays = {one.urn for one in kept}
    gone = [one.resource for one in goes.of_kind("deleted") if one.resource.custom and one.resource.urn not in stays]
    inside = sum(one.package == "kubernetes" for one in gone)
    yield f"{release} of {stack.name} goes: {inside} objects of the cluster, {len(gone) - inside} of the cloud."
    others = [one for one in goes.changes if one.kind not in ("deleted", "created")]
    if others:
        yield f"  changed with it: {', '.join(f'{one.resource.name} ({one.kind})' for one in others)}"
    secrets = sorted(key for key in stack.secret_keys if key.startswith(f"{release}."))
    yield f"  out of {stack.file.path.name}: its entry, {', '.join(secrets) or 'no secret of its own'}"
    yield f"  stays: database {schema(release)} (Celery's {result_schema(release)} too) on the server, until DROP names it"
    for one in kept:
        yield f"  stays, and is no longer Pulumi's: {one.type} {_cloud_name(one)}"
    if not any("log" in one.name for one in kept):
        yield "  logs: on the release's share where it has one (the volume is kept), else they go with its pods"


def _cloud_name(resource: Resource) -> str:
    known = (str(value) for key, value in resource.inputs.items() if key in ("bucket", "accountName", "shareName"))
    return next(known, resource.name)


def _keep(stack: Stack, urns: set[str]) -> None:
    """Have the engine forget these without deleting them: the state says so, as an `up` before would have written it."""
    exported = json.loads(stack.capture("stack", "export"))
    for resource in exported["deployment"].get("resources") or []:
        if resource["urn"] in urns:
            resource["retainOnDelete"], resource["protect"] = True, False
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
    made = {**pod, "containers": [{**container, "args": ["python", "-c", script], "env": env}]}
    return {"backoffLimit": 0, "activeDeadlineSeconds": 540, "template": {"spec": made}}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
