"""A VNet that somebody else keeps: is it what the settings say, and ready for the stack?"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.cloud.azure.stack import SERVER, Place
from infra.settings.azure import ExistingNetwork
from ops.preflight.answer import Answer, answer
from ops.preflight.azure_client import Arm, Question

SUBNETS, ZONES = "2024-05-01", "2024-06-01"  # versions of their APIs
OUTBOUND = "cloud.network.outbound"
NOT_THERE = "mend the id, or ask its owner for the right to read it"


def existing(place: Place, arm: Arm) -> Iterator[Question]:
    """A question for each subnet and each private zone; none where the stack makes its own."""
    there = place.cloud.network
    if not isinstance(there, ExistingNetwork):
        return
    yield "nodes' subnet", partial(_nodes, there, arm)
    yield "database's subnet", partial(_database, there, arm)
    yield "endpoints' subnet", partial(_endpoints, there, arm)
    for purpose in ("postgres", "blob", "file"):
        zone = getattr(there, f"{purpose}_zone_id")
        yield f"private zone of {purpose}", partial(_zone, purpose, zone, arm)


def _nodes(there: ExistingNetwork, arm: Arm) -> Iterator[Answer]:
    subnet = _properties(arm.find(there.nodes_subnet_id, SUBNETS))
    yield _placed("nodes", there.nodes_cidr, subnet)
    wanted = "natGateway" if there.outbound == "nat" else "routeTable"
    found, cure = "there" if wanted in subnet else "not there", f"give the subnet one, or mend {OUTBOUND}"
    yield answer(f"{wanted} of the nodes' subnet", wanted in subnet, found, cure)


def _database(there: ExistingNetwork, arm: Arm) -> Iterator[Answer]:
    subnet = _properties(arm.find(there.database_subnet_id, SUBNETS))
    yield _placed("database", there.database_cidr, subnet)
    services = [one["properties"]["serviceName"] for one in subnet.get("delegations", [])]
    cure = f"`az network vnet subnet update --ids … --delegations {SERVER}`"
    found = ", ".join(services) or "to nobody"
    yield answer("delegation of the database's subnet", services == [SERVER], found, cure)


def _endpoints(there: ExistingNetwork, arm: Arm) -> Iterator[Answer]:
    yield _placed("endpoints", there.endpoints_cidr, _properties(arm.find(there.endpoints_subnet_id, SUBNETS)))


def _placed(purpose: str, cidr: str, subnet: dict[str, Any]) -> Answer:
    prefixes = subnet.get("addressPrefixes") or [one for one in (subnet.get("addressPrefix"),) if one]
    cure = f"mend cloud.network.{purpose}Cidr" if prefixes else NOT_THERE
    return answer(f"subnet of {purpose}", cidr in prefixes, ", ".join(prefixes) or "not there", cure)


def _zone(purpose: str, zone: str, arm: Arm) -> Iterator[Answer]:
    there = arm.find(zone, ZONES)
    found = there["name"] if there else "not there"
    yield answer(f"private zone of {purpose}", there is not None, found, NOT_THERE)


def _properties(found: dict[str, Any] | None) -> dict[str, Any]:
    return found["properties"] if found else {}
