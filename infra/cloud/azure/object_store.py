"""Blob: an account per release for its logs, without shared keys, private, and forgetful after its retention.

An account each, since an account has one lifecycle policy and a release has a retention of its own.
"""

import pulumi
from pulumi_azure_native import storage

from infra.cloud.azure.identity import BLOB_DATA_CONTRIBUTOR, Grant
from infra.cloud.azure.network import Network
from infra.cloud.azure.stack import Stack
from infra.cloud.azure.storage import account, endpoint
from infra.contracts import LOGS_CONNECTION, LogStore, ObjectStore, Peer

CONTAINER = "airflow-logs"  # Airflow's own default, which therefore no option has to repeat
UNDELETE_DAYS = 7


class LogAccount(pulumi.ComponentResource):
    """The account and all that makes it safe. Its name is known before it is made."""

    container: storage.BlobContainer
    safeguards: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        stack: Stack,
        network: Network,
        release: str,
        days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:azure:LogAccount", name, None, opts)
        made = account(name, stack, stack.logs_account_name(release), shared_key=False, parent=self)
        child = pulumi.ResourceOptions(parent=self, provider=stack.provider)
        undelete = storage.DeleteRetentionPolicyArgs(enabled=True, days=UNDELETE_DAYS)
        service = storage.BlobServiceProperties(
            name,
            resource_group_name=stack.group,
            account_name=made.name,
            blob_services_name="default",
            delete_retention_policy=undelete,
            container_delete_retention_policy=undelete,
            opts=child,
        )
        self.container = storage.BlobContainer(
            name,
            resource_group_name=stack.group,
            account_name=made.name,
            container_name=CONTAINER,
            public_access=storage.PublicAccess.NONE,
            opts=child,
        )
        self.safeguards = [
            service,
            self._forgets(name, stack, made, days),
            endpoint(name, stack, network, "blob", made, self),
        ]
        self.register_outputs({})

    def _forgets(self, name: str, stack: Stack, made: storage.StorageAccount, days: int) -> pulumi.Resource:
        delete = storage.DateAfterModificationArgs(days_after_modification_greater_than=days)
        rule = storage.ManagementPolicyRuleArgs(
            name="retention",
            type=storage.RuleType.LIFECYCLE,
            enabled=True,
            definition=storage.ManagementPolicyDefinitionArgs(
                actions=storage.ManagementPolicyActionArgs(
                    base_blob=storage.ManagementPolicyBaseBlobArgs(delete=delete)
                ),
                # Airflow writes block blobs; append blobs are there for what else may write logs.
                filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob", "appendBlob"]),
            ),
        )
        return storage.ManagementPolicy(
            name,
            resource_group_name=stack.group,
            account_name=made.name,
            management_policy_name="default",
            policy=storage.ManagementPolicySchemaArgs(rules=[rule]),
            opts=pulumi.ResourceOptions(parent=self, provider=stack.provider),
        )


def build(stack: Stack, network: Network) -> ObjectStore:
    """The promise that every cloud makes."""

    def logs(release: str, days: int, opts: pulumi.ResourceOptions) -> LogStore:
        made = LogAccount(f"{release}-logs", stack, network, release, days, opts)
        host = f"https://{stack.logs_account_name(release)}.blob.core.windows.net"
        return LogStore(
            url="wasb://logs",
            connection_id=LOGS_CONNECTION,
            # No key, no tenant: the hook then takes the pod's own identity (DefaultAzureCredential).
            connection={"conn_type": "wasb", "host": host},
            grant=Grant(BLOB_DATA_CONTRIBUTOR, made.container.id, f"logs of {release}"),
            peers=(Peer(cidr=network.endpoints_cidr, ports=(443,)),),
            ready=tuple(made.safeguards),
        )

    return ObjectStore(logs=logs)
