"""A cluster that is already there, asked read-only: does it answer, may we, has it the version and the classes?"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from infra.settings.existing import ClusterDatabase, ExistingCloud, HostPathFiles, StorageClassFiles
from infra.versions import KUBERNETES_KNOWN
from ops.cluster import Cluster, cluster_of
from ops.errors import OpsError
from ops.preflight.answer import Answer, State, answer
from ops.stack import Stack

_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def ask(cloud: ExistingCloud, stack: Stack) -> Iterator[Answer]:
    """Every question about this stack's cluster; one that does not answer is asked nothing else."""
    try:
        with cluster_of(stack) as cluster:
            yield _version(cloud, cluster)
            yield _rights(cluster)
            yield _unless_forbidden("storage classes", lambda: _classes(cloud, cluster))
            yield _unless_forbidden("nodes", lambda: _nodes(cloud, cluster))
    except OpsError as error:
        yield Answer(State.bad, "cluster", str(error))


def _unless_forbidden(question: str, ask: Callable[[], Answer]) -> Answer:
    """Who may not look can't be told what is there; that the rights are few is an answer of its own."""
    try:
        return ask()
    except OpsError as error:
        if "(Forbidden)" not in str(error):
            raise
        return Answer(State.unknown, question, str(error))


def _version(cloud: ExistingCloud, cluster: Cluster) -> Answer:
    """The first question, so that it has a time limit: a firewall that drops packets answers nothing at all."""
    said: dict[str, Any] = json.loads(cluster.run("version", "-o", "json", "--request-timeout", "15s"))
    found = said["serverVersion"]
    minor = f"{found['major']}.{str(found['minor']).rstrip('+')}"
    cure = f'set `kubernetesVersion: "{minor}"` under airflow:cloud'
    if minor not in KUBERNETES_KNOWN["existing"]:
        cure = f"bring the cluster to one of {', '.join(KUBERNETES_KNOWN['existing'])}"
    cure = f"the stack is for {cloud.kubernetes_version}: {cure}"
    return answer("Kubernetes", minor == cloud.kubernetes_version, minor, cure)


def _rights(cluster: Cluster) -> Answer:
    """`can-i` ends with 1 on a no."""
    try:
        said = cluster.run("auth", "can-i", "*", "*", "--all-namespaces").strip()
    except OpsError:
        said = "no"
    return answer(
        "right to work in the cluster", said == "yes", said, "be an administrator: it makes namespaces and roles"
    )


def _classes(cloud: ExistingCloud, cluster: Cluster) -> Answer:
    there = cluster.get("storageclass")["items"]
    names = {str(one["metadata"]["name"]) for one in there}
    default = any(one["metadata"].get("annotations", {}).get(_DEFAULT) == "true" for one in there)
    wanted = {cloud.files.name} if isinstance(cloud.files, StorageClassFiles) else set[str]()
    if isinstance(cloud.database, ClusterDatabase) and cloud.database.storage_class:
        wanted.add(cloud.database.storage_class)
    missing = sorted(wanted - names) + ([] if default else ["a default class"])
    cure = f"not there: {', '.join(missing)}"
    return answer("storage classes", not missing, ", ".join(sorted(names)) or "none", cure)


def _nodes(cloud: ExistingCloud, cluster: Cluster) -> Answer:
    number = len(cluster.get("nodes")["items"])
    cure = "folders of a node are for a cluster of one: airflow:cloud.files of kind storageClass, and singleNode false"
    return answer("nodes", number == 1 or not isinstance(cloud.files, HostPathFiles), str(number), cure)
