"""Volumes that several pods mount: by a storage class that offers them, or on the single node of a trial's cluster."""

import pulumi
from pulumi_kubernetes import core, meta

from infra.contracts import CLAIM_TIMEOUTS, Cluster, Files, VolumeRequest, name_of
from infra.settings.existing import ExistingCloud, HostPathFiles, StorageClassFiles


def build(cloud: ExistingCloud, cluster: Cluster) -> Files:
    """Volumes as the settings say. Nothing is made before a release asks for one."""
    files = cloud.files

    def volume(request: VolumeRequest, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
        return Volume(f"{request.release}-{request.purpose}", request, files, cluster, opts).claim

    return Files(volume=volume)


class Volume(pulumi.ComponentResource):
    """A claim, and for a folder of the node the PersistentVolume that it is bound to. `claim` is the claim's name."""

    claim: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        request: VolumeRequest,
        files: StorageClassFiles | HostPathFiles,
        cluster: Cluster,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("airflow:existing:Volume", name, None, opts)
        # A component's dependencies are not its children's: what the caller waits for, the claim waits for.
        child = pulumi.ResourceOptions(
            parent=self, provider=cluster.provider, depends_on=opts.depends_on, custom_timeouts=CLAIM_TIMEOUTS
        )
        folder = node_folder(request, files)
        bound_to = None
        if folder is not None:
            bound_to = core.v1.PersistentVolume(f"{name}-folder", spec=folder_spec(request, folder), opts=child)
        claim = core.v1.PersistentVolumeClaim(
            name,
            metadata=meta.v1.ObjectMetaArgs(name=request.name, namespace=request.namespace),
            spec=claim_spec(request, files, bound_to.metadata.name if bound_to is not None else None),
            opts=child,
        )
        self.claim = name_of(claim, request.name)
        self.register_outputs({})


def node_folder(request: VolumeRequest, files: StorageClassFiles | HostPathFiles) -> str | None:
    """The node's folder that a release mounts: the checkout's, for what people write; logs are no part of it."""
    if isinstance(files, StorageClassFiles) or request.purpose == "logs":
        return None
    return f"{files.path.rstrip('/')}/{request.purpose}"


def folder_spec(request: VolumeRequest, folder: str) -> core.v1.PersistentVolumeSpecArgs:
    """A folder that must be there: a cluster that does not mount the checkout says so instead of showing no DAG."""
    return core.v1.PersistentVolumeSpecArgs(
        access_modes=["ReadWriteMany"],
        capacity={"storage": f"{request.size_gib}Gi"},
        persistent_volume_reclaim_policy="Retain",
        storage_class_name="",
        host_path=core.v1.HostPathVolumeSourceArgs(path=folder, type="Directory"),
        claim_ref=core.v1.ObjectReferenceArgs(
            api_version="v1", kind="PersistentVolumeClaim", name=request.name, namespace=request.namespace
        ),
    )


def claim_spec(
    request: VolumeRequest, files: StorageClassFiles | HostPathFiles, volume: pulumi.Input[str] | None
) -> core.v1.PersistentVolumeClaimSpecArgs:
    """What a release mounts from several pods.

    On a single node they all are on the one that ReadWriteOnce speaks of, so that its logs take the default class of
    any local cluster, which makes folders that uid 50000 can write.
    """
    by_class = files.name if isinstance(files, StorageClassFiles) else None
    storage_class = by_class if volume is None else ""
    return core.v1.PersistentVolumeClaimSpecArgs(
        access_modes=["ReadWriteOnce" if storage_class is None else "ReadWriteMany"],
        storage_class_name=storage_class,
        volume_name=volume,
        resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": f"{request.size_gib}Gi"}),
    )
