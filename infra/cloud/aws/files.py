"""EFS: file shares that several pods write, encrypted at rest and on the way."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.cloud.aws.admission import from_the_nodes
from infra.cloud.aws.keys import Keys
from infra.cloud.aws.network import Network
from infra.cloud.aws.policies import Statement, deny_plain, document
from infra.cloud.aws.stack import Stack
from infra.contracts import CLAIM_TIMEOUTS, Cluster, Files, VolumeRequest, name_of

PORT = 2049
OWNER, GROUP = 50000, 0  # Airflow's user in its image


class FileSystem(pulumi.ComponentResource):
    """The file system, a mount target per zone, and who may mount it."""

    system: aws.efs.FileSystem
    mount_targets: list[pulumi.Resource]

    def __init__(
        self, name: str, stack: Stack, network: Network, keys: Keys, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("airflow:aws:FileSystem", name, None, opts)
        self.system = aws.efs.FileSystem(
            "files",
            encrypted=True,
            kms_key_id=keys.data.arn,
            throughput_mode="elastic",  # dags are small and read in bursts, which bursting credits do not forgive
            lifecycle_policies=[aws.efs.FileSystemLifecyclePolicyArgs(transition_to_ia="AFTER_30_DAYS")],
            tags=stack.named("files"),
            opts=pulumi.ResourceOptions(parent=self, protect=stack.keep or None),
        )
        aws.efs.BackupPolicy(
            "files",
            file_system_id=self.system.id,
            backup_policy=aws.efs.BackupPolicyBackupPolicyArgs(
                status="DISABLED" if stack.settings.ephemeral else "ENABLED"
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.mount_targets = [self._policy(), *self._mounts(stack, network)]
        self.register_outputs({})

    def _policy(self) -> pulumi.Resource:
        return aws.efs.FileSystemPolicy(
            "files",
            file_system_id=self.system.id,
            policy=document(*mount_statements(self.system.arn)),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _mounts(self, stack: Stack, network: Network) -> list[pulumi.Resource]:
        group, admitted = from_the_nodes("files", "NFS", PORT, stack, network, self)
        targets = [
            aws.efs.MountTarget(
                f"files-{zone[-1]}",
                file_system_id=self.system.id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=pulumi.ResourceOptions(parent=self),
            )
            for zone, subnet in zip(stack.cloud.used_zones, network.private_subnet_ids, strict=True)
        ]
        return [admitted, *targets]


def mount_statements(arn: pulumi.Input[str]) -> tuple[Statement, Statement]:
    """Whoever reaches a mount target over TLS may mount; the security group says who reaches it."""
    mount = Statement(
        ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite", "elasticfilesystem:ClientRootAccess"],
        [arn],
        {"AWS": "*"},
        {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
    )
    return mount, deny_plain("*", arn)


class Volume(pulumi.ComponentResource):
    """A release's folder: an access point that makes every writer Airflow's user, and the claim for it."""

    claim: kubernetes.core.v1.PersistentVolumeClaim

    def __init__(
        self,
        name: str,
        stack: Stack,
        files: FileSystem,
        cluster: Cluster,
        request: VolumeRequest,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:Volume", name, None, opts)
        point = self._point(name, stack, files, request)
        handle = pulumi.Output.concat(files.system.id, "::", point.id)
        in_cluster = pulumi.ResourceOptions(
            parent=self,
            provider=cluster.provider,
            depends_on=[*cluster.ready, *files.mount_targets],
            custom_timeouts=CLAIM_TIMEOUTS,
        )
        self.claim = _claim(name, handle, request, in_cluster)
        self.register_outputs({})

    def _point(self, name: str, stack: Stack, files: FileSystem, request: VolumeRequest) -> aws.efs.AccessPoint:
        owner = aws.efs.AccessPointRootDirectoryCreationInfoArgs(owner_uid=OWNER, owner_gid=GROUP, permissions="0775")
        return aws.efs.AccessPoint(
            name,
            file_system_id=files.system.id,
            posix_user=aws.efs.AccessPointPosixUserArgs(uid=OWNER, gid=GROUP),
            root_directory=aws.efs.AccessPointRootDirectoryArgs(
                path=f"/{request.release}/{request.purpose}", creation_info=owner
            ),
            tags=stack.named(name),
            opts=pulumi.ResourceOptions(parent=self, provider=stack.provider),
        )


def _claim(
    name: str, handle: pulumi.Input[str], request: VolumeRequest, opts: pulumi.ResourceOptions
) -> kubernetes.core.v1.PersistentVolumeClaim:
    """The volume that stands for the folder, and the claim that is bound to it alone."""
    size = {"storage": f"{request.size_gib}Gi"}  # EFS grows as it is written; Kubernetes asks for a number
    volume = kubernetes.core.v1.PersistentVolume(
        name,
        spec=kubernetes.core.v1.PersistentVolumeSpecArgs(
            capacity=size,
            access_modes=["ReadWriteMany"],
            persistent_volume_reclaim_policy="Retain",
            storage_class_name="",
            csi=kubernetes.core.v1.CSIPersistentVolumeSourceArgs(
                driver="efs.csi.aws.com",  # mounts over TLS unless it is told not to
                volume_handle=handle,
            ),
        ),
        opts=opts,
    )
    return kubernetes.core.v1.PersistentVolumeClaim(
        name,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(name=request.name, namespace=request.namespace),
        spec=kubernetes.core.v1.PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteMany"],
            storage_class_name="",
            volume_name=volume.metadata.name,
            resources=kubernetes.core.v1.VolumeResourceRequirementsArgs(requests=size),
        ),
        opts=opts,
    )


def build(stack: Stack, files: FileSystem, cluster: Cluster) -> Files:
    """The promise that every cloud makes."""

    def volume(request: VolumeRequest, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
        made = Volume(f"{request.release}-{request.purpose}", stack, files, cluster, request, opts)
        return name_of(made.claim, request.name)

    return Files(volume=volume)
