"""Rules of Azure about the VNet, the private zones in it, and the networks of pods and Services beside it."""

import ipaddress
import re
from collections.abc import Iterator

from infra.settings.azure import ExistingNetwork, NewNetwork
from infra.settings.azure_network import SMALLEST_VNET, share_out
from infra.settings.azure_rules import azure
from infra.settings.model import Settings
from infra.settings.network_rules import inside_and_apart, service_overlap
from infra.settings.problems import Problem

AKS_KEEPS = ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")  # learn.microsoft.com: CNI overlay


def _new(settings: Settings) -> NewNetwork | None:
    """The network to make, where one is made and it is large enough to be shared out."""
    network = azure(settings).network
    if not isinstance(network, NewNetwork) or ipaddress.IPv4Network(network.cidr).prefixlen > SMALLEST_VNET:
        return None
    return network


def network_size(settings: Settings) -> Iterator[Problem]:
    """Large enough for its three subnets."""
    network = azure(settings).network
    if isinstance(network, NewNetwork) and ipaddress.IPv4Network(network.cidr).prefixlen > SMALLEST_VNET:
        yield Problem(
            "airflow:cloud.network.cidr",
            f"a /{SMALLEST_VNET} or larger, to hold three subnets",
            "for example 10.20.0.0/16",
            network.cidr,
        )


def network_holds_the_nodes(settings: Settings) -> Iterator[Problem]:
    """An address for every node that the pools may grow to, a third more in an upgrade, and PostgreSQL's least."""
    network = _new(settings)
    if network is None:
        return
    subnets, pools = share_out(network), settings.sized.azure
    nodes = pools.system.max + pools.tasks.max
    needed = nodes + -(-nodes // 3) + 2  # surge of 33 %, and one more node of each pool
    # Azure keeps five addresses of each subnet for itself.
    if subnets.nodes.num_addresses - 5 < needed:
        yield Problem(
            "airflow:cloud.network.nodesSubnet" if network.nodes_subnet else "airflow:cloud.network.cidr",
            f"{needed} addresses for the nodes at the pools' largest, upgrades included",
            "choose a larger network, for example 10.20.0.0/16",
            str(subnets.nodes),
        )
    for key in ("databaseSubnet", "endpointsSubnet"):
        if subnets.named()[key].prefixlen > 28:
            yield Problem(f"airflow:cloud.network.{key}", "a /28 or larger", "choose more", str(subnets.named()[key]))


def pods_hold_the_nodes(settings: Settings) -> Iterator[Problem]:
    """The overlay gives each node a /24 of the pods' network."""
    cluster, pools = azure(settings).cluster, settings.sized.azure
    have = 2 ** max(0, 24 - ipaddress.IPv4Network(cluster.pod_cidr).prefixlen)
    nodes = pools.system.max + pools.tasks.max
    needed = nodes + -(-nodes // 3)
    if have < needed:
        yield Problem(
            "airflow:cloud.cluster.podCidr",
            f"a /24 for each of {needed} nodes (an upgrade's included); it has {have}",
            "choose a larger one, for example 10.244.0.0/16",
            cluster.pod_cidr,
        )


def subnets(settings: Settings) -> Iterator[Problem]:
    """Subnets lie inside the VNet and apart from each other."""
    network = _new(settings)
    if network is None:
        return
    named = [(f"airflow:cloud.network.{name}", one) for name, one in share_out(network).named().items()]
    yield from inside_and_apart(ipaddress.IPv4Network(network.cidr), "VNet", named)


def private_zones(settings: Settings) -> Iterator[Problem]:
    """The private zones of a network that is there have the only names that their services are found by."""
    network = azure(settings).network
    if not isinstance(network, ExistingNetwork):
        return
    named = {
        "postgresZoneId": (network.postgres_zone_id, ".postgres.database.azure.com"),
        "blobZoneId": (network.blob_zone_id, "/privatelink.blob.core.windows.net"),
        "fileZoneId": (network.file_zone_id, "/privatelink.file.core.windows.net"),
    }
    for key, (zone, end) in named.items():
        if not re.search(r"/privateDnsZones/.*", zone, re.IGNORECASE) or not zone.lower().endswith(end):
            rule = f"a private DNS zone whose id ends in {end}"
            yield Problem(f"airflow:cloud.network.{key}", rule, "`az network private-dns zone list` names it", zone)


def service_network(settings: Settings) -> Iterator[Problem]:
    """Services, pods and the VNet are apart; the DNS address is a Service's, and not the first one."""
    cloud = azure(settings)
    cluster, network = cloud.cluster, cloud.network
    vnet = (
        (network.cidr,)
        if isinstance(network, NewNetwork)
        else (network.nodes_cidr, network.database_cidr, network.endpoints_cidr)
    )
    yield from service_overlap(cluster, (*vnet, cluster.pod_cidr))
    key, pods = "airflow:cloud.cluster.podCidr", ipaddress.IPv4Network(cluster.pod_cidr)
    for part in vnet:
        if pods.overlaps(ipaddress.IPv4Network(part)):
            yield Problem(key, f"outside the VNet ({part})", "for example 10.244.0.0/16", cluster.pod_cidr)
    service = ipaddress.IPv4Network(cluster.service_cidr)
    if service.prefixlen < 12 or service.prefixlen > 27:
        yield Problem(
            "airflow:cloud.cluster.serviceCidr", "a /12 to a /27", "for example 172.20.0.0/16", cluster.service_cidr
        )
    for own in AKS_KEEPS:
        if service.overlaps(ipaddress.IPv4Network(own)):
            yield Problem(
                "airflow:cloud.cluster.serviceCidr",
                f"outside of {own}, which AKS keeps",
                "choose another",
                str(service),
            )


def dns_service_ip(settings: Settings) -> Iterator[Problem]:
    """The cluster's DNS is a Service: an address of theirs, but the first, which is the API's."""
    cluster = azure(settings).cluster
    if cluster.dns_service_ip is None:
        return
    service = ipaddress.IPv4Network(cluster.service_cidr)
    try:
        place = int(ipaddress.IPv4Address(cluster.dns_service_ip)) - int(service.network_address)
    except ValueError:
        place = 0
    if not 1 < place < service.num_addresses - 1:
        yield Problem(
            "airflow:cloud.cluster.dnsServiceIp",
            f"an address of {service}, and not its first",
            f"leave it out, or {service.network_address + 10}",
            cluster.dns_service_ip,
        )


RULES = (
    network_size,
    network_holds_the_nodes,
    pods_hold_the_nodes,
    subnets,
    private_zones,
    service_network,
    dns_service_ip,
)
