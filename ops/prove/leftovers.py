"""What still stands in the account, or on the cluster, by the tags and labels that everything of a stack carries."""

import json
import shutil
import subprocess
from typing import Any, cast

from infra.names import Names
from infra.settings import Settings
from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.stack import Stack

_GOING = (":kms:", ":recovery-point:", ":backup:")
"""AWS deletes these by itself, or when their retention ends (docs/aws.md, "Destroy: what stays, and why")."""


def standing(stack: Stack) -> tuple[list[str], list[str]]:
    """Ids of what carries the stack's tags: what is left, and what goes by itself. Raises OpsError where unasked."""
    found = sorted(_asked(stack.settings, stack))
    going = [one for one in found if any(part in one for part in _GOING)]
    return [one for one in found if one not in going], going


def command(settings: Settings, names: Names) -> list[str]:
    """The question as a person asks it; empty for a cluster that is there."""
    tags = names.tags({})
    project, stack = tags["project"], tags["stack"]
    if isinstance(settings.cloud, AwsCloud):
        filters = ("--tag-filters", f"Key=project,Values={project}", f"Key=stack,Values={stack}")
        where = ("--region", settings.cloud.region, "--output", "json")
        return ["aws", "resourcegroupstaggingapi", "get-resources", *filters, *where]
    if isinstance(settings.cloud, AzureCloud):
        return ["az", "resource", "list", "--tag", f"stack={stack}", "--output", "json"]
    return []


def require(program: str) -> None:
    """Raise OpsError where the cloud's command is not there: nobody would see what is left."""
    if not shutil.which(program):
        raise OpsError(f"{program} is not on the PATH of this machine: it is asked at the end what is left by its tags")


def _asked(settings: Settings, stack: Stack) -> list[str]:
    asked = command(settings, stack.names)
    if not asked:
        labels = ",".join(f"{key}={value}" for key, value in stack.names.stack_labels().items())
        with cluster_of(stack) as cluster:
            items = cluster.get("namespaces,persistentvolumes,priorityclasses", "--selector", labels)["items"]
        return [f"{one['kind']}/{one['metadata']['name']}" for one in items]
    require(asked[0])
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OpsError(f"`{' '.join(asked)}` failed: {done.stderr.strip()}")
    if asked[0] == "aws":
        answer = cast("dict[str, list[dict[str, str]]]", json.loads(done.stdout))
        return [one["ResourceARN"] for one in answer["ResourceTagMappingList"]]
    project, listed = stack.names.tags({})["project"], cast("list[dict[str, Any]]", json.loads(done.stdout))
    return [str(one["id"]) for one in listed if one["tags"].get("project") == project]
