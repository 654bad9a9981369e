"""How a VPC's addresses are shared out. Pure."""

import ipaddress
from dataclasses import dataclass

from infra.settings.aws import NewNetwork

Network = ipaddress.IPv4Network


@dataclass(frozen=True)
class Subnets:
    """One network a zone, in the zones' order."""

    private: tuple[Network, ...]
    database: tuple[Network, ...]
    public: tuple[Network, ...]

    def all(self) -> tuple[Network, ...]:
        """Every subnet."""
        return (*self.private, *self.database, *self.public)


def share_out(network: NewNetwork, zones: int) -> Subnets:
    """Quarters of the VPC for nodes and pods, which need one address each; the last quarter in eighths for the rest.

    Needs two or three zones and a VPC of /23 or larger (AWS's smallest subnet is a /28): the settings' rules see to it.
    """
    whole = Network(network.cidr)
    *quarters, last = whole.subnets(prefixlen_diff=2)
    eighths = list(last.subnets(prefixlen_diff=3))
    return Subnets(
        private=_given(network.private_subnets) or tuple(quarters[:zones]),
        database=_given(network.database_subnets) or tuple(eighths[4 : 4 + zones]),
        public=_given(network.public_subnets) or tuple(eighths[:zones]),
    )


def _given(cidrs: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(Network(cidr) for cidr in cidrs)
