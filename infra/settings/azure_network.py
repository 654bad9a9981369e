"""How a VNet's addresses are shared out. Pure."""

import ipaddress
from dataclasses import dataclass

from infra.settings.azure import NewNetwork

Network = ipaddress.IPv4Network
SMALLEST_VNET = 25  # below a /25 the quarter of the upper half is no /28, the least that PostgreSQL takes


@dataclass(frozen=True)
class Subnets:
    """One subnet a purpose: Azure's span all zones."""

    nodes: Network
    database: Network
    endpoints: Network

    def named(self) -> dict[str, Network]:
        """Setting's key → subnet."""
        return {"nodesSubnet": self.nodes, "databaseSubnet": self.database, "endpointsSubnet": self.endpoints}


def share_out(network: NewNetwork) -> Subnets:
    """The lower half of the VNet for nodes (pods have an overlay), quarters of the upper half for the rest.

    Needs a VNet of /25 or larger: the settings' rules see to it.
    """
    lower, upper = Network(network.cidr).subnets(prefixlen_diff=1)
    database, endpoints, *_ = upper.subnets(prefixlen_diff=2)
    given = (network.nodes_subnet, network.database_subnet, network.endpoints_subnet)
    nodes, database, endpoints = (
        Network(own) if own else cut for own, cut in zip(given, (lower, database, endpoints), strict=True)
    )
    return Subnets(nodes, database, endpoints)
