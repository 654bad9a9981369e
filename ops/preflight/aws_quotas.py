"""AWS's quotas against what the stack will ask for at its largest."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from infra.cloud.aws.stack import Place
from infra.settings import aws_facts
from infra.settings.aws import NewNetwork
from ops.preflight.answer import Answer, answer
from ops.preflight.aws_client import Question, Region, own, pairs

#: Codes of Service Quotas, the same in every region.
ON_DEMAND, SPOT = ("ec2", "L-1216C47A"), ("ec2", "L-34B43A08")  # vCPUs of the standard families
ADDRESSES = ("ec2", "L-0263D0A3")
VPCS = ("vpc", "L-F678F1CE")
STANDARD = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")  # families of the first two quotas


def quotas(place: Place, region: Region) -> Iterator[Question]:
    """A question for each quota: nodes at the pools' largest, addresses of the NAT gateways, the VPC."""
    yield "quota of on-demand vCPUs", lambda: _cpus(place, region, spot=False)
    if place.settings.sized.aws.tasks.spot:
        yield "quota of spot vCPUs", lambda: _cpus(place, region, spot=True)
    if isinstance(place.cloud.network, NewNetwork):
        yield "quota of addresses", lambda: _addresses(place, region)
        yield "quota of VPCs", lambda: _vpcs(place, region)


def _cpus(place: Place, region: Region, *, spot: bool) -> Iterator[Answer]:
    types, sized = aws_facts.instance_types(), place.settings.sized.aws
    needed = sum(pool.max * types[pool.instance_type].cpus for pool in (sized.system, sized.tasks) if pool.spot is spot)
    filters = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    pages = region["ec2"].get_paginator("describe_instances").paginate(Filters=filters)
    used = sum(
        one["CpuOptions"]["CoreCount"] * one["CpuOptions"]["ThreadsPerCore"]
        for page in pages
        for reservation in page["Reservations"]
        for one in _others(place, reservation["Instances"])
        if STANDARD.match(one["InstanceType"]) and (one.get("InstanceLifecycle") == "spot") is spot
    )
    yield _enough(region, "spot vCPUs" if spot else "on-demand vCPUs", SPOT if spot else ON_DEMAND, needed, used)


def _addresses(place: Place, region: Region) -> Iterator[Answer]:
    used = len(_others(place, region["ec2"].describe_addresses()["Addresses"]))
    yield _enough(region, "elastic addresses", ADDRESSES, len(place.gateway_zones), used)


def _vpcs(place: Place, region: Region) -> Iterator[Answer]:
    pages = region["ec2"].get_paginator("describe_vpcs").paginate()
    used = len(_others(place, [one for page in pages for one in page["Vpcs"]]))
    yield _enough(region, "VPCs", VPCS, 1, used)


def _others(place: Place, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is not this stack's own from an earlier `up`, which is in what it needs already."""
    return [one for one in found if not own(place, pairs(one.get("Tags", [])))]


def _enough(region: Region, what: str, quota: tuple[str, str], needed: int, used: int) -> Answer:
    service, code = quota
    limit = region["service-quotas"].get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
    found = f"{needed} needed, {used} in use, {limit:.0f} allowed" if used else f"{needed} needed, {limit:.0f} allowed"
    cure = f"ask for more: `aws service-quotas request-service-quota-increase --service-code {service}"
    return answer(f"quota of {what}", used + needed <= limit, found, f"{cure} --quota-code {code} --desired-value …`")
