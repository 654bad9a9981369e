"""Azure Files: shares for DAGs and logs, mounted over SMB 3.1.1 with a key that lives in a namespace without pods.

SMB asks for the account's key; by the kubelet's identity it would take a role on the account, and every pod that
reaches the node's metadata service would have it. NFS needs no key, but Premium shares of 100 GiB at least.
"""

import pulumi
from pulumi_azure_native import storage
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.cloud.azure.network import Network
from infra.cloud.azure.snapshots import Snapshots
from infra.cloud.azure.stack import Stack
from infra.cloud.azure.storage import account, endpoint
from infra.contracts import CLAIM_TIMEOUTS, Cluster, Files, Identity, VolumeRequest, name_of
from infra.namespaces import Namespace

DRIVER = "file.csi.azure.com"
KEY_SECRET = "azure-files"  # noqa: S105  # a Secret's name
#: SMB has no owners: all files are Airflow's. `nobrl` and `mfsymlinks` are what git, SQLite and Python ask for.
MOUNT_OPTIONS = [
    "mfsymlinks",
    "nobrl",
    "uid=50000",
    "gid=0",
    "dir_mode=0770",
    "file_mode=0770",
    "actimeo=30",
    "nosharesock",
]
UNDELETE_DAYS = 14


class ShareAccount(pulumi.ComponentResource):
    """The account, its address in the VNet, its key where only nodes get it, and its daily snapshots."""

    account: storage.StorageAccount
    safeguards: list[pulumi.Resource]
    namespace: str

    def __init__(
        self,
        name: str,
        stack: Stack,
        network: Network,
        cluster: Cluster,
        identity: Identity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:azure:ShareAccount", name, None, opts)
        self.account = account(name, stack, stack.files_account_name, shared_key=True, parent=self)
        service = storage.FileServiceProperties(
            name,
            resource_group_name=stack.group,
            account_name=self.account.name,
            file_services_name="default",
            share_delete_retention_policy=storage.DeleteRetentionPolicyArgs(enabled=True, days=UNDELETE_DAYS),
            protocol_settings=storage.ProtocolSettingsArgs(
                smb=storage.SmbSettingArgs(
                    versions="SMB3.1.1;",
                    authentication_methods="NTLMv2;",  # what a key is checked by
                    channel_encryption="AES-128-GCM;AES-256-GCM;",
                )
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        address = endpoint(name, stack, network, "file", self.account, self)
        self.safeguards = [service, address, self._key(stack, cluster)]
        if not stack.settings.ephemeral:
            Snapshots("snapshots", stack, cluster, identity, self.account, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})

    def _key(self, stack: Stack, cluster: Cluster) -> pulumi.Resource:
        self.namespace = stack.names.resource("volumes")
        home = Namespace(
            "volumes",
            namespace=self.namespace,
            labels=stack.names.labels("volumes"),
            allow={},
            ready=cluster.ready,
            opts=pulumi.ResourceOptions(parent=self, providers={"kubernetes": cluster.provider}),
        )
        found = storage.list_storage_account_keys_output(
            resource_group_name=stack.group,
            account_name=self.account.name,
            opts=pulumi.InvokeOutputOptions(parent=self, provider=stack.provider),
        )
        key = pulumi.Output.secret(found.apply(lambda answer: answer.keys[0].value))
        return core.Secret(
            "volumes",
            # A volume names it for ever, so that it has a name of its own; a renewed key is a moment without one.
            metadata=ObjectMetaArgs(name=KEY_SECRET, namespace=self.namespace, labels=stack.names.labels("volumes")),
            string_data={"azurestorageaccountname": stack.files_account_name, "azurestorageaccountkey": key},
            opts=pulumi.ResourceOptions(parent=self, provider=cluster.provider, depends_on=[home]),
        )


class Volume(pulumi.ComponentResource):
    """A share of a release, and the claim that its pods mount."""

    claim: core.PersistentVolumeClaim

    def __init__(
        self,
        name: str,
        stack: Stack,
        cluster: Cluster,
        shares: ShareAccount,
        request: VolumeRequest,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:azure:Volume", name, None, opts)
        share = f"{request.release}-{request.purpose}"
        made = storage.FileShare(
            name,
            resource_group_name=stack.group,
            account_name=shares.account.name,
            share_name=share,
            share_quota=request.size_gib,
            access_tier=storage.ShareAccessTier.TRANSACTION_OPTIMIZED,
            enabled_protocols=storage.EnabledProtocols.SMB,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=stack.provider,
                protect=stack.keep or None,
                depends_on=shares.safeguards,
            ),
        )
        volume = self._volume(name, stack, cluster, shares, request, share, made)
        self.claim = core.PersistentVolumeClaim(
            name,
            metadata=ObjectMetaArgs(name=request.name, namespace=request.namespace, labels=stack.names.labels(name)),
            spec=core.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteMany"],
                storage_class_name="",  # this very volume, and none that a class would make
                volume_name=volume.metadata.name,
                resources=core.VolumeResourceRequirementsArgs(requests={"storage": f"{request.size_gib}Gi"}),
            ),
            opts=pulumi.ResourceOptions(parent=self, provider=cluster.provider, custom_timeouts=CLAIM_TIMEOUTS),
        )
        self.register_outputs({})

    def _volume(
        self,
        name: str,
        stack: Stack,
        cluster: Cluster,
        shares: ShareAccount,
        request: VolumeRequest,
        share: str,
        made: storage.FileShare,
    ) -> core.PersistentVolume:
        source = core.CSIPersistentVolumeSourceArgs(
            driver=DRIVER,
            volume_handle=f"{stack.group_name}#{stack.files_account_name}#{share}",  # any text, unique in the cluster
            volume_attributes={
                "resourceGroup": stack.group_name,
                "storageAccount": stack.files_account_name,
                "shareName": share,
                "server": f"{stack.files_account_name}.file.core.windows.net",
            },
            node_stage_secret_ref=core.SecretReferenceArgs(name=KEY_SECRET, namespace=shares.namespace),
        )
        return core.PersistentVolume(
            name,
            metadata=ObjectMetaArgs(
                name=stack.names.resource(request.release, request.purpose), labels=stack.names.labels(name)
            ),
            spec=core.PersistentVolumeSpecArgs(
                access_modes=["ReadWriteMany"],
                capacity={"storage": f"{request.size_gib}Gi"},
                persistent_volume_reclaim_policy="Retain",  # the share is Pulumi's to delete
                storage_class_name="",
                mount_options=MOUNT_OPTIONS,
                csi=source,
            ),
            opts=pulumi.ResourceOptions(parent=self, provider=cluster.provider, depends_on=[made]),
        )


def build(stack: Stack, network: Network, cluster: Cluster, identity: Identity, opts: pulumi.ResourceOptions) -> Files:
    """The promise that every cloud makes. The account is made with the first volume: not every release has one."""
    made: list[ShareAccount] = []

    def volume(request: VolumeRequest, own: pulumi.ResourceOptions) -> pulumi.Output[str]:
        if not made:
            made.append(ShareAccount("files", stack, network, cluster, identity, opts))
        name = f"{request.release}-{request.purpose}"
        return name_of(Volume(name, stack, cluster, made[0], request, own).claim, request.name)

    return Files(volume=volume)
