"""Rules of AWS that see more than one field."""

import ipaddress
from collections.abc import Iterator

from infra.settings import aws_facts
from infra.settings.aws import AwsCloud, NewNetwork
from infra.settings.aws_network import share_out
from infra.settings.model import Settings
from infra.settings.network_rules import (
    IMAGE_ARCHITECTURE,
    different_zones,
    inside_and_apart,
    service_overlap,
    unknown_region,
)
from infra.settings.problems import Problem, nearest


def aws(settings: Settings) -> AwsCloud:
    """This stack's AWS settings. Rules of AWS run over its stacks alone (rules.py)."""
    if not isinstance(settings.cloud, AwsCloud):
        raise TypeError(f"a rule of AWS over {type(settings.cloud).__name__}")
    return settings.cloud


def region(settings: Settings) -> Iterator[Problem]:
    """A region of the list, or one whose zones and certificate the stack brings along."""
    cloud = aws(settings)
    known = aws_facts.regions()
    if cloud.region in known:
        return
    if not cloud.allow_new_region:
        brings = "cloud.allowNewRegion, cloud.zones and cloud.database.caFile"
        yield unknown_region(cloud.region, tuple(known), "a region of AWS that this program knows", brings)
        return
    if not cloud.zones:
        yield Problem("airflow:cloud.zones", "required for a region that is not in the list", "name its zones")
    if cloud.database.ca_file is None:
        yield Problem(
            "airflow:cloud.database.caFile",
            "required for a region that is not in the list",
            "save the region's bundle of RDS certificates and name the file",
        )


def zones(settings: Settings) -> Iterator[Problem]:
    """Two zones at least: RDS and EKS take no fewer."""
    cloud = aws(settings)
    key, known = "airflow:cloud.zones", aws_facts.regions().get(cloud.region)
    yield from different_zones(cloud.zones)
    for index, zone in enumerate(cloud.zones):
        if known and zone not in known:
            yield Problem(f"{key}[{index}]", f"a zone of {cloud.region}", f"one of {', '.join(known)}", zone)


def admins(settings: Settings) -> Iterator[Problem]:
    """Each role once: EKS has one access entry for each."""
    cluster = aws(settings).cluster
    seen: set[str] = set()
    for key, named in (("admins", cluster.admins), ("viewers", cluster.viewers)):
        for index, arn in enumerate(named):
            if arn in seen:
                cure = "take one of the two out"
                yield Problem(f"airflow:cloud.cluster.{key}[{index}]", "each role once", cure, arn)
            seen.add(arn)


def key_region(settings: Settings) -> Iterator[Problem]:
    """A key is used in its own region alone."""
    cloud = aws(settings)
    for name in ("data", "cluster"):
        arn = getattr(cloud.keys, name)
        if arn and arn.split(":")[3] != cloud.region:
            yield Problem(f"airflow:cloud.keys.{name}", f"a key of {cloud.region}", "name one there", arn)


def network_size(settings: Settings) -> Iterator[Problem]:
    """AWS takes /16 to /28, and every pod has an address of the VPC."""
    network = aws(settings).network
    key, prefix = "airflow:cloud.network.cidr", ipaddress.IPv4Network(network.cidr).prefixlen
    if not 16 <= prefix <= 28:
        yield Problem(key, "a VPC is a /16 to a /28", "for example 10.20.0.0/16", network.cidr)
    elif isinstance(network, NewNetwork) and prefix > 23:
        yield Problem(key, "a /23 or larger, to hold nine subnets", "for example 10.20.0.0/16", network.cidr)


def network_holds_the_pods(settings: Settings) -> Iterator[Problem]:
    """The private subnets have an address for every pod of every node that the pools may grow to."""
    cloud, pools = aws(settings), settings.sized.aws
    network = cloud.network
    if not isinstance(network, NewNetwork) or not 16 <= ipaddress.IPv4Network(network.cidr).prefixlen <= 23:
        return
    types = aws_facts.instance_types()
    if not {pools.system.instance_type, pools.tasks.instance_type} <= types.keys():
        return
    needed = sum(pool.max * (types[pool.instance_type].pods + 1) for pool in (pools.system, pools.tasks))
    # AWS keeps five addresses of each subnet for itself.
    have = sum(subnet.num_addresses - 5 for subnet in share_out(network, _zone_count(cloud)).private)
    if have < needed:
        yield Problem(
            "airflow:cloud.network.cidr",
            f"{needed} addresses for nodes and their pods at the pools' largest; its private subnets have {have}",
            "choose a larger network, for example 10.20.0.0/16",
            network.cidr,
        )


def subnets(settings: Settings) -> Iterator[Problem]:
    """Subnets are one a zone, inside the VPC and apart from each other."""
    cloud = aws(settings)
    network = cloud.network
    if not isinstance(network, NewNetwork):
        if (given := len(network.private_subnet_ids)) != _zone_count(cloud):
            key = "airflow:cloud.network.privateSubnetIds"
            yield Problem(key, f"one a zone: {_zone_count(cloud)}", "name their zones in cloud.zones, as many", given)
        return
    whole = ipaddress.IPv4Network(network.cidr)
    listing: list[tuple[str, ipaddress.IPv4Network]] = []
    for name in ("private", "database", "public"):
        key, listed = f"airflow:cloud.network.{name}Subnets", getattr(network, f"{name}_subnets")
        if listed and len(listed) != _zone_count(cloud):
            yield Problem(key, f"one a zone: {_zone_count(cloud)}", "list as many as there are zones", list(listed))
        listing += [(f"{key}[{index}]", ipaddress.IPv4Network(one)) for index, one in enumerate(listed)]
    if listing and len({key.partition("[")[0] for key, _ in listing}) < 3:
        yield Problem("airflow:cloud.network", "all three lists of subnets or none", "give the missing lists too")
    yield from inside_and_apart(whole, "VPC", listing)


def service_network(settings: Settings) -> Iterator[Problem]:
    """EKS takes a private /12 to /24 for Services, outside the VPC."""
    cloud = aws(settings)
    service = ipaddress.IPv4Network(cloud.cluster.service_cidr)
    private = (ipaddress.IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
    if not 12 <= service.prefixlen <= 24 or not any(service.subnet_of(net) for net in private):
        yield Problem(
            "airflow:cloud.cluster.serviceCidr",
            "a /12 to /24 of a private network (10/8, 172.16/12, 192.168/16)",
            "for example 172.20.0.0/16",
            str(service),
        )
    yield from service_overlap(cloud.cluster, [cloud.network.cidr])


def instance_types(settings: Settings) -> Iterator[Problem]:
    """Types that exist, with the processor that the Airflow image is built for."""
    types = aws_facts.instance_types()
    for name in ("system", "tasks"):
        given = getattr(settings.sized.aws, name).instance_type
        key = f"airflow:figures.aws.{name}.instanceType"
        if given not in types:
            near = nearest(given, types)
            yield Problem(key, "an EC2 type that this program knows", f"did you mean {near or 'm6i.xlarge'}?", given)
        elif types[given].architecture != IMAGE_ARCHITECTURE:
            yield Problem(
                key,
                f"a processor for the Airflow image, {IMAGE_ARCHITECTURE}; this one is {types[given].architecture}",
                "choose a type without g, for example m6i.xlarge",
                given,
            )


def _zone_count(cloud: AwsCloud) -> int:
    return len(cloud.zones) or min(3, len(aws_facts.regions().get(cloud.region, "abc")))


RULES = (
    region,
    zones,
    admins,
    key_region,
    network_size,
    network_holds_the_pods,
    subnets,
    service_network,
    instance_types,
)
