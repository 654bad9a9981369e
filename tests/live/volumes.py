"""Volumes for a cluster without a storage class: folders of the node, as a provisioner would make them."""

from typing import Any

from infra.preview.model import Resource
from tests.live.site import Site


def make_where_there_is_no_class(site: Site, image: str, *of_the_chart: str) -> None:
    """A volume for each claim of the plan that has none yet, and for those of the chart, open to every user."""
    if site.cluster.get("storageclass")["items"]:
        return
    claims = {claim for resource in site.plan for claim in _claims(resource)}
    claims |= {(name, site.namespace, "") for name in of_the_chart}
    for claim in sorted(claims):
        _volume(site, *claim)
    _open(site, sorted(f"/tmp/{site.prefix}-{name}" for name, _, _ in claims), image)


def _claims(resource: Resource) -> list[tuple[str, str, str]]:
    """Name, namespace and class."""
    metadata, spec = resource.inputs.get("metadata", {}), resource.inputs.get("spec", {})
    if resource.type == "kubernetes:core/v1:PersistentVolumeClaim" and not spec.get("volumeName"):
        return [(metadata["name"], metadata["namespace"], spec.get("storageClassName") or "")]
    if resource.type == "kubernetes:apps/v1:StatefulSet":
        templates = spec.get("volumeClaimTemplates", [])
        return [(f"{one['metadata']['name']}-{metadata['name']}-0", metadata["namespace"], "") for one in templates]
    return []


def _volume(site: Site, claim: str, namespace: str, storage_class: str) -> None:
    spec: dict[str, Any] = {
        "storageClassName": storage_class,
        "capacity": {"storage": "30Gi"},
        "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
        "hostPath": {"path": f"/tmp/{site.prefix}-{claim}", "type": "DirectoryOrCreate"},
        "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": claim},
    }
    metadata = {"name": f"{site.prefix}-{claim}", "labels": {"live": site.prefix}}
    site.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec})


def _open(site: Site, folders: list[str], image: str) -> None:
    """Each for every user, before a pod needs it; PostgreSQL's server tightens its own."""
    volumes = [
        {"name": f"v{number}", "hostPath": {"path": folder, "type": "DirectoryOrCreate"}}
        for number, folder in enumerate(folders)
    ]
    mounts = [{"name": one["name"], "mountPath": f"/folders/{one['name']}"} for one in volumes]
    container = {"name": "open", "image": image, "imagePullPolicy": "IfNotPresent", "volumeMounts": mounts}
    container |= {"command": ["chmod", "0777", *(mount["mountPath"] for mount in mounts)]}
    container |= {"securityContext": {"runAsUser": 0}}
    metadata = {"name": f"{site.prefix}-open", "namespace": "default"}
    spec = {"containers": [container], "volumes": volumes, "restartPolicy": "Never"}
    site.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    wait = ("--for=jsonpath={.status.phase}=Succeeded", f"pod/{site.prefix}-open", "-n", "default", "--timeout=120s")
    site.cluster.run("wait", *wait)
    site.cluster.run("delete", "pod", f"{site.prefix}-open", "-n", "default", "--wait=false")
