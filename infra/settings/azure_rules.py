"""Rules of Azure that see more than one field."""

import ipaddress
import re
from collections.abc import Iterator
from itertools import combinations

from infra.settings import azure_facts
from infra.settings.azure import AzureCloud, NewNetwork
from infra.settings.azure_network import SMALLEST_VNET, share_out
from infra.settings.cloud_rules import service_overlap
from infra.settings.model import Settings
from infra.settings.problems import Problem, nearest

IMAGE_ARCHITECTURE = "x86_64"  # the Airflow image is built for linux/amd64
POSTGRES_OFFERED = (13, 14, 15, 16, 17, 18)  # by Flexible Server; Airflow's own list is versions.POSTGRES_KNOWN
AKS_KEEPS = ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")  # learn.microsoft.com: CNI overlay


def azure(settings: Settings) -> AzureCloud:
    """This stack's Azure settings; AttributeError (which ends a rule) where it is on another cloud."""
    if not isinstance(settings.cloud, AzureCloud):
        raise AttributeError
    return settings.cloud


def region(settings: Settings) -> Iterator[Problem]:
    """A region of the list, or one whose zones the stack brings along."""
    cloud = azure(settings)
    known = azure_facts.regions()
    if cloud.region in known:
        return
    if not cloud.allow_new_region:
        near = nearest(cloud.region, known)
        cure = f"did you mean {near}? " if near else f"one of {', '.join(known)}; "
        yield Problem(
            "airflow:cloud.region",
            "a region of Azure with availability zones that this program knows",
            f"{cure}a newer one with cloud.allowNewRegion and cloud.zones",
            cloud.region,
        )
    elif not re.fullmatch(r"[a-z]{3,}[0-9]?", cloud.region):
        yield Problem("airflow:cloud.region", "a region's short name", "`az account list-locations`", cloud.region)
    elif not cloud.zones:
        yield Problem("airflow:cloud.zones", "required for a region that is not in the list", "name its zones")


def zones(settings: Settings) -> Iterator[Problem]:
    """Two zones at least: one may fail."""
    cloud = azure(settings)
    key, known = "airflow:cloud.zones", azure_facts.regions().get(cloud.region)
    if cloud.zones and not 2 <= len(set(cloud.zones)) == len(cloud.zones) <= 3:
        yield Problem(key, "two or three different zones", "name two or three, or leave it out", list(cloud.zones))
    for index, zone in enumerate(cloud.zones):
        if zone not in (known.zones if known else ("1", "2", "3")):
            yield Problem(f"{key}[{index}]", f"a zone of {cloud.region}", 'as quoted text: "1", "2" or "3"', zone)


def _new(settings: Settings) -> NewNetwork:
    """The network to make; AttributeError where there is one already, or where it is too small to be shared out."""
    network = azure(settings).network
    if not isinstance(network, NewNetwork) or ipaddress.IPv4Network(network.cidr).prefixlen > SMALLEST_VNET:
        raise AttributeError
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
    subnets, pools = share_out(_new(settings)), settings.sized.azure
    nodes = pools.system.max + pools.tasks.max
    needed = nodes + -(-nodes // 3) + 2  # surge of 33 %, and one more node of each pool
    # Azure keeps five addresses of each subnet for itself.
    if subnets.nodes.num_addresses - 5 < needed:
        yield Problem(
            "airflow:cloud.network.nodesSubnet" if _new(settings).nodes_subnet else "airflow:cloud.network.cidr",
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
    whole = ipaddress.IPv4Network(network.cidr)
    named = share_out(network).named()
    for name, one in named.items():
        if not one.subnet_of(whole):
            yield Problem(f"airflow:cloud.network.{name}", f"inside the VNet's {whole}", "choose a part", str(one))
    for (_, one), (name, other) in combinations(named.items(), 2):
        if one.overlaps(other):
            key = f"airflow:cloud.network.{name}"
            yield Problem(key, f"apart from the other subnets ({one})", "choose a free part of the VNet", str(other))


def service_network(settings: Settings) -> Iterator[Problem]:
    """Services, pods and the VNet are apart; the DNS address is a Service's, and not the first one."""
    cloud = azure(settings)
    cluster, network = cloud.cluster, cloud.network
    nodes = network.cidr if isinstance(network, NewNetwork) else network.nodes_cidr
    yield from service_overlap(cluster, (nodes, cluster.pod_cidr))
    if ipaddress.IPv4Network(cluster.pod_cidr).overlaps(ipaddress.IPv4Network(nodes)):
        yield Problem(
            "airflow:cloud.cluster.podCidr",
            f"outside the VNet ({nodes})",
            "for example 10.244.0.0/16",
            cluster.pod_cidr,
        )
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
        inside = ipaddress.IPv4Address(cluster.dns_service_ip) in list(service.hosts())[1:]
    except ValueError:
        inside = False
    if not inside:
        yield Problem(
            "airflow:cloud.cluster.dnsServiceIp",
            f"an address of {service}, and not its first",
            f"leave it out, or {service[10]}",
            cluster.dns_service_ip,
        )


def pools(settings: Settings) -> Iterator[Problem]:
    """VM sizes that are known, of the Airflow image's architecture, and large enough for AKS's own pods."""
    azure(settings)
    known, figures = azure_facts.vm_sizes(), settings.sized.azure
    for name, pool in (("system", figures.system), ("tasks", figures.tasks)):
        key, size = f"airflow:figures.azure.{name}.instanceType", known.get(pool.instance_type)
        if size is None:
            near = nearest(pool.instance_type, known)
            cure = f"did you mean {near}?" if near else "for example Standard_D4s_v5"
            yield Problem(key, "a VM size that this program knows", cure, pool.instance_type)
        elif size.architecture != IMAGE_ARCHITECTURE:
            rule = f"a size of the Airflow image's architecture, {IMAGE_ARCHITECTURE}; this is {size.architecture}"
            yield Problem(key, rule, "for example Standard_D4s_v5", pool.instance_type)


RULES = (
    region,
    zones,
    network_size,
    network_holds_the_nodes,
    pods_hold_the_nodes,
    subnets,
    service_network,
    dns_service_ip,
    pools,
)
