"""Azure's quotas against what the stack will ask for at its largest, and whether its VM sizes are to be had."""

from collections.abc import Iterator
from typing import Any

from infra.cloud.azure.stack import Place
from infra.settings import azure_facts
from infra.settings.azure import NewNetwork
from ops.preflight.answer import Answer, answer
from ops.preflight.azure_client import Arm, Question

#: Names of usages, the same in every region.
CORES, SPOT_CORES = "cores", "lowPriorityCores"
ADDRESSES = "StandardSkuPublicIpAddresses"


def quotas(place: Place, arm: Arm) -> Iterator[Question]:
    """VM sizes in their zones, vCPUs with the pools at their largest, and public addresses."""
    yield "VM sizes", lambda: _sizes(place, arm)
    yield "quota of addresses", lambda: _addresses(place, arm)


def _sizes(place: Place, arm: Arm) -> Iterator[Answer]:
    region, compute = place.cloud.region, _provider(place, "Microsoft.Compute")
    listed = arm.get(f"{compute}/skus", "2021-07-01", **{"$filter": f"location eq '{region}'"})["value"]
    offered = {one["name"]: one for one in listed if one["resourceType"] == "virtualMachines"}
    sized = place.settings.sized.azure
    for name in sorted({sized.system.instance_type, sized.tasks.instance_type}):
        missing = sorted(set(place.cloud.used_zones) - _zones(offered.get(name)))
        found = f"not in zones {', '.join(missing)}" if missing else "in every zone"
        yield answer(f"VM size {name}", not missing, found, "choose another size or other zones")
    used = _usages(arm, f"{compute}/locations/{region}/usages", "2024-07-01")
    for family, needed in _cpus(place, offered).items():
        yield _enough(family, needed, used)


def _zones(offer: dict[str, Any] | None) -> set[str]:
    """The zones where a size is to be had by this subscription."""
    if offer is None:
        return set()
    zones = {zone for place in offer.get("locationInfo", []) for zone in place.get("zones", [])}
    for limit in offer.get("restrictions", []):
        if limit["type"] == "Location":
            return set()
        zones -= set(limit.get("restrictionInfo", {}).get("zones", []))
    return zones


def _cpus(place: Place, offered: dict[str, Any]) -> dict[str, int]:
    """Usage's name → vCPUs with the pools at their largest: of each family, and of all."""
    sizes, sized, needed = azure_facts.vm_sizes(), place.settings.sized.azure, dict[str, int]()
    spot = place.cloud.tasks_on_spot or sized.tasks.spot
    for pool, cheap in ((sized.system, False), (sized.tasks, spot)):
        cpus = pool.max * sizes[pool.instance_type].cpus
        family = offered.get(pool.instance_type, {}).get("family")
        for name in (SPOT_CORES,) if cheap else (CORES, family):
            if name:
                needed[name] = needed.get(name, 0) + cpus
    return needed


def _addresses(place: Place, arm: Arm) -> Iterator[Answer]:
    needed = (1 if isinstance(place.cloud.network, NewNetwork) else 0) + (place.settings.platform.ingress.state == "on")
    path = f"{_provider(place, 'Microsoft.Network')}/locations/{place.cloud.region}/usages"
    yield _enough(ADDRESSES, needed, _usages(arm, path, "2024-05-01"))


def _provider(place: Place, namespace: str) -> str:
    return f"/subscriptions/{place.cloud.subscription}/providers/{namespace}"


def _usages(arm: Arm, path: str, version: str) -> dict[str, tuple[int, int]]:
    """Usage's name → what is in use, and the limit."""
    return {one["name"]["value"]: (one["currentValue"], one["limit"]) for one in arm.get(path, version)["value"]}


def _enough(name: str, needed: int, usages: dict[str, tuple[int, int]]) -> Answer:
    used, limit = usages.get(name, (0, 0))
    found = f"{needed} needed, {used} in use, {limit} allowed"
    cure = "ask for more: `az quota update`, or the portal's Quotas"
    return answer(f"quota of {name}", used + needed <= limit, found, cure)
