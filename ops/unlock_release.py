"""`unlock-release`: the cure of "another operation is in progress" after a Helm release's installer was killed.

Helm keeps a release's revisions in Secrets; one that was being written when the engine died stays `pending-…`, and
every later run refuses the release. With that one gone the last good revision is the newest again (or there is none),
and the next run goes on; what the dead one had made already is taken over, since it carries the release's name.
Source: helm v3's storage driver for Secrets (labels `owner`, `name`, `status`, `version`).
"""

import json
import sys
from typing import Annotated, Any

import typer

from infra.preview.planning import ROOT
from ops.cluster import Cluster, cluster_of
from ops.stack import Stack, StackOption, StacksOption

PENDING = "owner=helm,status in (pending-install,pending-upgrade,pending-rollback)"


def unlock_release(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    release: Annotated[str, typer.Option(help="The Helm release alone.", show_default="all of the stack")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Free Helm releases that a killed run left pending, so that the next one can go on."""
    chosen = Stack(stack, stacks)
    with cluster_of(chosen) as cluster:
        found = [secret for secret in pending(cluster, chosen.names.stack_labels()) if release in ("", _name(secret))]
        if not found:
            sys.stdout.write(f"no Helm release of {stack}{f' named {release}' if release else ''} is pending\n")
            return
        for secret in found:
            metadata = secret["metadata"]
            labels = metadata["labels"]
            sys.stdout.write(
                f"{metadata['namespace']}/{_name(secret)}: revision {labels['version']} is {labels['status']} "
                f"since {metadata['creationTimestamp']}\n"
            )
        if not yes:
            typer.confirm("Is no `pulumi up` or helm running on this stack, and may these revisions go?", abort=True)
        for secret in found:
            metadata = secret["metadata"]
            cluster.run("delete", "secret", metadata["name"], "--namespace", metadata["namespace"])
            sys.stdout.write(f"deleted {metadata['namespace']}/{metadata['name']}\n")
    sys.stdout.write(f"now: `pulumi refresh {chosen.for_pulumi}`, then `make deploy {chosen.given}`\n")


def pending(cluster: Cluster, stack_labels: dict[str, str]) -> list[dict[str, Any]]:
    """The Secrets of pending revisions in the stack's namespaces: metadata only, since the rest is the release."""
    selector = ",".join(f"{key}={value}" for key, value in stack_labels.items())
    namespaces = {item["metadata"]["name"] for item in cluster.get("namespaces", "--selector", selector)["items"]}
    listed = json.loads(cluster.run("get", "secrets", "--all-namespaces", "--selector", PENDING, "-o", "json"))
    return [secret for secret in listed["items"] if secret["metadata"]["namespace"] in namespaces]


def _name(secret: dict[str, Any]) -> str:
    return str(secret["metadata"]["labels"]["name"])
