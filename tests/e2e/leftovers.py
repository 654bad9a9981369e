"""What stands on a cluster outside of namespaces, by which a `destroy` that left something is known."""

from ops.cluster import Cluster

KINDS = (
    "namespaces",
    "persistentvolumes",
    "priorityclasses",
    "storageclasses",
    "ingressclasses",
    "clusterroles",
    "clusterrolebindings",
    "customresourcedefinitions",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
)


def standing(cluster: Cluster) -> set[str]:
    """`kind/name` of each, but for what is on its way out and volumes that their provisioner takes back."""
    listed = cluster.get(",".join(KINDS))["items"]
    return {f"{one['kind']}/{one['metadata']['name']}" for one in listed if not _going(one)}


def _going(one: dict[str, object]) -> bool:
    metadata, status = one["metadata"], one.get("status")
    released = isinstance(status, dict) and status.get("phase") == "Released"
    return released or (isinstance(metadata, dict) and "deletionTimestamp" in metadata)
