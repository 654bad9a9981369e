"""Network security groups: what may reach nodes, PostgreSQL and private endpoints; everything else is denied."""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import network as net

from infra.cloud.azure.stack import Stack

TCP = net.SecurityRuleProtocol.TCP
ANY = net.SecurityRuleProtocol.ASTERISK
ALLOW = net.SecurityRuleAccess.ALLOW
DENY = net.SecurityRuleAccess.DENY


def _inbound(
    priority: int,
    name: str,
    source: str,
    ports: Sequence[str],
    why: str,
    *,
    access: net.SecurityRuleAccess = ALLOW,
    protocol: net.SecurityRuleProtocol = TCP,
) -> net.SecurityRuleArgs:
    return net.SecurityRuleArgs(
        name=name,
        description=why,
        priority=priority,
        direction=net.SecurityRuleDirection.INBOUND,
        access=access,
        protocol=protocol,
        source_address_prefix=source,
        source_port_range="*",
        destination_address_prefix="*",
        destination_port_ranges=list(ports),
    )


def _nothing_else() -> net.SecurityRuleArgs:
    """Azure's own last rules let the whole VNet in."""
    why = "what no rule above allows"
    return _inbound(4096, "deny-the-rest", "*", ["0-65535"], why, access=DENY, protocol=ANY)


def nodes() -> list[net.SecurityRuleArgs]:
    """HTTP(S), since the load balancer hands on the caller's address; Azure's defaults for the rest."""
    why = "the ingress, through the load balancer; port 80 redirects and answers ACME challenges"
    return [_inbound(100, "web", "Internet", ["80", "443"], why)]


def database(nodes_cidr: str, own_cidr: str) -> list[net.SecurityRuleArgs]:
    """PostgreSQL from the nodes, whose addresses pods take on beyond the cluster, and between server and standby.

    Without 6432 Azure gives no standby back after an upgrade: learn.microsoft.com, "Major version upgrades".
    """
    return [
        _inbound(100, "nodes", nodes_cidr, ["5432"], "PostgreSQL from nodes and pods"),
        _inbound(110, "standby", own_cidr, ["5432", "6432"], "replication between primary and standby"),
        _nothing_else(),
    ]


def endpoints(nodes_cidr: str) -> list[net.SecurityRuleArgs]:
    """Blob (HTTPS) and Azure Files (SMB) from the nodes."""
    return [_inbound(100, "nodes", nodes_cidr, ["443", "445"], "storage from nodes and pods"), _nothing_else()]


def group(
    stack: Stack, name: str, rules: list[net.SecurityRuleArgs], parent: pulumi.Resource
) -> net.NetworkSecurityGroup:
    """The security group of one subnet."""
    return net.NetworkSecurityGroup(
        name,
        resource_group_name=stack.group,
        network_security_group_name=stack.names.resource(name, limit=80),
        security_rules=rules,
        tags=stack.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
