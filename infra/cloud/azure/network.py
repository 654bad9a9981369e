"""The VNet: a subnet each for nodes, PostgreSQL and private endpoints, one way out, and private names."""

import pulumi
from pulumi_azure_native import network as net
from pulumi_azure_native import privatedns

from infra.cloud.azure import firewall
from infra.cloud.azure.stack import Stack
from infra.settings.azure import ExistingNetwork, NewNetwork
from infra.settings.azure_network import share_out

#: Purpose → private DNS zone. PostgreSQL's must end so and be no server's name.
ZONES = {
    "postgres": "airflow.private.postgres.database.azure.com",
    "blob": "privatelink.blob.core.windows.net",
    "file": "privatelink.file.core.windows.net",
}
DELEGATION = "Microsoft.DBforPostgreSQL/flexibleServers"
STORAGE = "Microsoft.Storage"


class Network(pulumi.ComponentResource):
    """What the rest stands in, whether it is made here or was there: ids and networks alone.

    `zone_links` are what a private name needs to be found in the VNet, by the zone's purpose; `outbound_cidr` is where
    nodes come from beyond the VNet, None where that is somebody else's.
    """

    nodes_subnet_id: pulumi.Input[str]
    database_subnet_id: pulumi.Input[str]
    endpoints_subnet_id: pulumi.Input[str]
    nodes_cidr: str
    database_cidr: str
    endpoints_cidr: str
    zone_ids: dict[str, pulumi.Input[str]]
    zone_links: dict[str, list[pulumi.Resource]]
    outbound: str
    outbound_cidr: pulumi.Output[str] | None

    def __init__(self, name: str, stack: Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:azure:Network", name, None, opts)
        if isinstance(stack.cloud.network, ExistingNetwork):
            self._take(stack.cloud.network)
        else:
            self._make(stack, stack.cloud.network)
        self.register_outputs({})

    def _take(self, there: ExistingNetwork) -> None:
        self.nodes_subnet_id, self.nodes_cidr = there.nodes_subnet_id, there.nodes_cidr
        self.database_subnet_id, self.database_cidr = there.database_subnet_id, there.database_cidr
        self.endpoints_subnet_id, self.endpoints_cidr = there.endpoints_subnet_id, there.endpoints_cidr
        self.zone_ids = {"postgres": there.postgres_zone_id, "blob": there.blob_zone_id, "file": there.file_zone_id}
        self.zone_links = {purpose: [] for purpose in ZONES}
        self.outbound_cidr = None
        self.outbound = "userDefinedRouting" if there.outbound == "routes" else "userAssignedNATGateway"

    def _make(self, stack: Stack, wanted: NewNetwork) -> None:
        cut = share_out(wanted)
        self.nodes_cidr, self.database_cidr, self.endpoints_cidr = map(str, (cut.nodes, cut.database, cut.endpoints))
        self.outbound = "userAssignedNATGateway"
        vnet = net.VirtualNetwork(
            "network",
            resource_group_name=stack.group,
            virtual_network_name=stack.names.resource(),
            address_space=net.AddressSpaceArgs(address_prefixes=[wanted.cidr]),
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, hooks=stack.hooks),
        )
        groups = {
            "nodes": firewall.group(stack, "nodes", firewall.nodes(), self),
            "database": firewall.group(stack, "database", firewall.database(self.nodes_cidr, self.database_cidr), self),
            "endpoints": firewall.group(stack, "endpoints", firewall.endpoints(self.nodes_cidr), self),
        }
        # A VNet is changed by one at a time; PostgreSQL takes the longest of what follows and comes first.
        delegation = net.DelegationArgs(name="postgres", service_name=DELEGATION)
        database = self._subnet(stack, vnet, "database", self.database_cidr, groups, [], delegation=delegation)
        nodes = self._subnet(stack, vnet, "nodes", self.nodes_cidr, groups, [database], way_out=self._way_out(stack))
        endpoints = self._subnet(stack, vnet, "endpoints", self.endpoints_cidr, groups, [nodes])
        self.nodes_subnet_id, self.database_subnet_id, self.endpoints_subnet_id = nodes.id, database.id, endpoints.id
        self.zone_ids, self.zone_links = {}, {}
        for purpose in ZONES:
            self._private_names(stack, vnet, purpose, after=database if purpose == "postgres" else endpoints)

    def _way_out(self, stack: Stack) -> net.NatGateway:
        """One NAT gateway and its address: it serves all zones, where its own one may fail for a while."""
        address = net.PublicIPAddress(
            "outbound",
            resource_group_name=stack.group,
            public_ip_address_name=stack.names.resource("outbound", limit=80),
            sku=net.PublicIPAddressSkuArgs(name=net.PublicIPAddressSkuName.STANDARD),
            public_ip_allocation_method=net.IPAllocationMethod.STATIC,
            zones=list(stack.cloud.region_zones),
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.outbound_cidr = pulumi.Output.concat(address.ip_address.apply(lambda found: found or ""), "/32")
        return net.NatGateway(
            "outbound",
            resource_group_name=stack.group,
            nat_gateway_name=stack.names.resource("outbound", limit=80),
            sku=net.NatGatewaySkuArgs(name=net.NatGatewaySkuName.STANDARD),
            public_ip_addresses=[net.SubResourceArgs(id=address.id)],
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _subnet(
        self,
        stack: Stack,
        vnet: net.VirtualNetwork,
        name: str,
        cidr: str,
        groups: dict[str, net.NetworkSecurityGroup],
        after: list[pulumi.Resource],
        *,
        delegation: net.DelegationArgs | None = None,
        way_out: net.NatGateway | None = None,
    ) -> net.Subnet:
        return net.Subnet(
            name,
            resource_group_name=stack.group,
            virtual_network_name=vnet.name,
            subnet_name=name,
            address_prefix=cidr,
            delegations=[delegation] if delegation else None,
            # PostgreSQL archives its log there, and would add this by itself.
            service_endpoints=[net.ServiceEndpointPropertiesFormatArgs(service=STORAGE)] if delegation else None,
            nat_gateway=net.SubResourceArgs(id=way_out.id) if way_out else None,
            network_security_group=net.NetworkSecurityGroupArgs(id=groups[name].id),
            default_outbound_access=None if delegation else False,  # a delegated subnet's way out is its service's
            # Without it the security group does not hold for private endpoints.
            private_endpoint_network_policies=net.VirtualNetworkPrivateEndpointNetworkPolicies.ENABLED,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after, hooks=stack.hooks),
        )

    def _private_names(self, stack: Stack, vnet: net.VirtualNetwork, purpose: str, after: pulumi.Resource) -> None:
        zone = privatedns.PrivateZone(
            purpose,
            resource_group_name=stack.group,
            private_zone_name=ZONES[purpose],
            location="global",
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        link = privatedns.VirtualNetworkLink(
            purpose,
            resource_group_name=stack.group,
            private_zone_name=zone.name,
            virtual_network_link_name=stack.names.resource(limit=80),
            location="global",
            registration_enabled=False,
            virtual_network=privatedns.SubResourceArgs(id=vnet.id),
            tags=stack.tags,
            # In destroy the names go before the subnet whose addresses they are.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )
        self.zone_ids[purpose], self.zone_links[purpose] = zone.id, [link]
