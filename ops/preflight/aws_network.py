"""A VPC that is there: does it have what the stack relies on? Nothing in it is changed later."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra.cloud.aws.stack import Place
from infra.settings.aws import ExistingNetwork
from ops.preflight.answer import Answer, answer
from ops.preflight.aws_client import Question, Region

LOAD_BALANCERS = "kubernetes.io/role/elb"


def network(place: Place, region: Region) -> Iterator[Question]:
    """Names of hosts in the VPC, the subnets that were named, and those that a load balancer finds by itself."""
    given = place.cloud.network
    if isinstance(given, ExistingNetwork):
        yield "names in the VPC", lambda: _names(given, region)
        yield "subnets", lambda: _subnets(place, given, region)


def _names(given: ExistingNetwork, region: Region) -> Iterator[Answer]:
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        found = region["ec2"].describe_vpc_attribute(VpcId=given.vpc_id, Attribute=attribute)
        value = found[f"{attribute[0].upper()}{attribute[1:]}"]["Value"]
        cure = "switch it on: shares and the API are found by name"
        yield answer(f"{attribute} of {given.vpc_id}", value, str(value), cure)


def _subnets(place: Place, given: ExistingNetwork, region: Region) -> Iterator[Answer]:
    filters = [{"Name": "vpc-id", "Values": [given.vpc_id]}]
    pages = region["ec2"].get_paginator("describe_subnets").paginate(Filters=filters)
    there: dict[str, dict[str, Any]] = {one["SubnetId"]: one for page in pages for one in page["Subnets"]}
    wanted = list(place.cloud.used_zones)
    in_order = f"cloud.network.privateSubnetIds: one in each of {', '.join(wanted)}, in this order"
    yield _named(given, there, "private", given.private_subnet_ids, lambda zones: zones == wanted, in_order)
    in_two = "cloud.network.databaseSubnetIds: subnets in two zones or more"
    yield _named(given, there, "database", given.database_subnet_ids, lambda zones: len(set(zones)) > 1, in_two)
    if place.settings.platform.ingress.state == "on":
        yield _balanced(place, there)


def _named(
    given: ExistingNetwork,
    there: Mapping[str, dict[str, Any]],
    kind: str,
    ids: Sequence[str],
    good: Callable[[list[str]], bool],
    cure: str,
) -> Answer:
    missing = [one for one in ids if one not in there]
    zones = [there[one]["AvailabilityZone"] for one in ids if one in there]
    found = f"{', '.join(missing)} not in {given.vpc_id}" if missing else f"in {', '.join(zones)}"
    return answer(f"{kind} subnets", not missing and good(zones), found, cure)


def _balanced(place: Place, there: Mapping[str, dict[str, Any]]) -> Answer:
    """A load balancer sends nothing to the nodes of a zone that it has no subnet in."""
    cluster = f"kubernetes.io/cluster/{place.cluster_name}"
    tagged = [one for one in there.values() if {LOAD_BALANCERS, cluster} <= {tag["Key"] for tag in one.get("Tags", [])}]
    missing = sorted(set(place.cloud.used_zones) - {one["AvailabilityZone"] for one in tagged})
    found = f"none in {', '.join(missing)}" if missing else "one in each zone"
    cure = f"tag public subnets {LOAD_BALANCERS}: 1 and {cluster}: shared"
    return answer("tagged subnets for load balancers", not missing, found, cure)
