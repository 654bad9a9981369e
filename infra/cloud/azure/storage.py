"""A storage account that is reached from the VNet alone, over TLS."""

import pulumi
from pulumi_azure_native import network as net
from pulumi_azure_native import storage

from infra.cloud.azure.network import Network
from infra.cloud.azure.stack import Stack


def account(
    name: str, stack: Stack, account_name: str, *, shared_key: bool, parent: pulumi.Resource
) -> storage.StorageAccount:
    """Three copies in three zones, TLS 1.2, nothing public. `shared_key` is needed by SMB alone."""
    return storage.StorageAccount(
        name,
        resource_group_name=stack.group,
        account_name=account_name,
        kind=storage.Kind.STORAGE_V2,
        sku=storage.SkuArgs(name=storage.SkuName.STANDARD_ZRS),
        access_tier=storage.AccessTier.HOT,
        allow_shared_key_access=shared_key,
        default_to_o_auth_authentication=True,
        allow_blob_public_access=False,
        allow_cross_tenant_replication=False,
        is_local_user_enabled=False,
        enable_https_traffic_only=True,
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        public_network_access=storage.PublicNetworkAccess.DISABLED,
        network_rule_set=storage.NetworkRuleSetArgs(
            default_action=storage.DefaultAction.DENY, bypass=storage.Bypass.AZURE_SERVICES
        ),
        encryption=storage.EncryptionArgs(
            key_source=storage.KeySource.MICROSOFT_STORAGE, require_infrastructure_encryption=True
        ),
        tags=stack.tags,
        opts=pulumi.ResourceOptions(
            parent=parent, provider=stack.provider, protect=stack.keep or None, hooks=stack.hooks
        ),
    )


def endpoint(
    name: str,
    stack: Stack,
    network: Network,
    purpose: str,
    target: storage.StorageAccount,
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """The account's address in the VNet; what is returned is its name there. `purpose` is `blob` or `file`."""
    made = net.PrivateEndpoint(
        name,
        resource_group_name=stack.group,
        private_endpoint_name=stack.names.resource(name, limit=80),
        custom_network_interface_name=stack.names.resource(name, "nic", limit=80),
        subnet=net.SubnetArgs(id=network.endpoints_subnet_id),
        private_link_service_connections=[
            net.PrivateLinkServiceConnectionArgs(name=purpose, private_link_service_id=target.id, group_ids=[purpose])
        ],
        tags=stack.tags,
        opts=pulumi.ResourceOptions(parent=parent, provider=stack.provider, hooks=stack.hooks),
    )
    return net.PrivateDnsZoneGroup(
        name,
        resource_group_name=stack.group,
        private_endpoint_name=made.name,
        private_dns_zone_group_name="default",
        private_dns_zone_configs=[
            net.PrivateDnsZoneConfigArgs(name=purpose, private_dns_zone_id=network.zone_ids[purpose])
        ],
        opts=pulumi.ResourceOptions(
            parent=parent, provider=stack.provider, depends_on=network.zone_links[purpose], hooks=stack.hooks
        ),
    )
