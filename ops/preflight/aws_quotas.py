"""AWS's quotas against what the stack will ask for at its largest."""

from collections.abc import Iterator

from infra.cloud.aws.stack import Place
from infra.settings import aws_facts
from infra.settings.aws import NewNetwork
from ops.preflight.answer import Answer, answer
from ops.preflight.aws_client import Question, Region

#: Codes of Service Quotas, the same in every region.
ON_DEMAND, SPOT = ("ec2", "L-1216C47A"), ("ec2", "L-34B43A08")  # vCPUs of the standard families
ADDRESSES = ("ec2", "L-0263D0A3")
VPCS = ("vpc", "L-F678F1CE")


def quotas(place: Place, region: Region) -> Iterator[Question]:
    """A question for each quota: nodes at the pools' largest, addresses of the NAT gateways, the VPC."""
    yield "quota of on-demand vCPUs", lambda: _cpus(place, region, spot=False)
    if place.settings.sized.aws.tasks.spot:
        yield "quota of spot vCPUs", lambda: _cpus(place, region, spot=True)
    network = place.cloud.network
    if isinstance(network, NewNetwork):
        nat = network.nat or ("per-zone" if place.settings.production else "one")
        yield "quota of addresses", lambda: _addresses(region, len(place.cloud.used_zones) if nat == "per-zone" else 1)
        yield "quota of VPCs", lambda: _vpcs(region)


def _cpus(place: Place, region: Region, *, spot: bool) -> Iterator[Answer]:
    types, sized = aws_facts.instance_types(), place.settings.sized.aws
    needed = sum(pool.max * types[pool.instance_type].cpus for pool in (sized.system, sized.tasks) if pool.spot is spot)
    yield _enough(region, "spot vCPUs" if spot else "on-demand vCPUs", SPOT if spot else ON_DEMAND, needed, 0)


def _addresses(region: Region, needed: int) -> Iterator[Answer]:
    used = len(region["ec2"].describe_addresses()["Addresses"])
    yield _enough(region, "elastic addresses", ADDRESSES, needed, used)


def _vpcs(region: Region) -> Iterator[Answer]:
    used = len(region["ec2"].describe_vpcs()["Vpcs"])
    yield _enough(region, "VPCs", VPCS, 1, used)


def _enough(region: Region, what: str, quota: tuple[str, str], needed: int, used: int) -> Answer:
    service, code = quota
    limit = region["service-quotas"].get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
    found = f"{needed} needed, {used} in use, {limit:.0f} allowed" if used else f"{needed} needed, {limit:.0f} allowed"
    cure = f"ask for more: `aws service-quotas request-service-quota-increase --service-code {service}"
    return answer(f"quota of {what}", used + needed <= limit, found, f"{cure} --quota-code {code} --desired-value …`")
