"""What the rules of both clouds say alike of regions, zones, networks and processors."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from infra.settings.cloud_common import CloudCluster
from infra.settings.problems import Problem, nearest

IMAGE_ARCHITECTURE = "x86_64"  # the Airflow image is built for linux/amd64


def service_overlap(cluster: CloudCluster, networks: Iterable[str]) -> Iterator[Problem]:
    """Services, nodes and pods share one routing table, so that their networks must not overlap."""
    service = ipaddress.IPv4Network(cluster.service_cidr)
    for network in networks:
        if service.overlaps(ipaddress.IPv4Network(network)):
            yield Problem(
                "airflow:cloud.cluster.serviceCidr",
                f"outside the networks of nodes and pods ({network})",
                "choose another, for example 172.20.0.0/16",
                str(service),
            )


def inside_and_apart(
    whole: ipaddress.IPv4Network, called: str, subnets: Sequence[tuple[str, ipaddress.IPv4Network]]
) -> Iterator[Problem]:
    """Subnets (key → network) lie inside the cloud's network, a VPC or a VNet, and apart from each other."""
    for key, one in subnets:
        if not one.subnet_of(whole):
            yield Problem(key, f"inside the {called}'s {whole}", "choose a part of it", str(one))
    for (_, one), (key, other) in combinations(subnets, 2):
        if one.overlaps(other):
            cure = f"choose a free part of the {called}"
            yield Problem(key, f"apart from the other subnets ({one})", cure, str(other))


def unknown_region(given: str, known: Sequence[str], rule: str, brings: str) -> Problem:
    """A region that is not in the list; `brings` names the settings that a newer one takes."""
    near = nearest(given, known)
    cure = f"did you mean {near}? " if near else f"one of {', '.join(known)}; "
    return Problem("airflow:cloud.region", rule, f"{cure}a newer one with {brings}", given)


def different_zones(zones: Sequence[str]) -> Iterator[Problem]:
    """Two zones at least, for one may fail, or none: the program's choice."""
    if zones and not 2 <= len(set(zones)) == len(zones) <= 3:
        rule, cure = "two or three different zones", "name two or three, or leave it out"
        yield Problem("airflow:cloud.zones", rule, cure, list(zones))
