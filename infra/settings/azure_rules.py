"""Rules of Azure about the region, its zones and the node pools."""

import re
from collections.abc import Iterator

from infra.settings import azure_facts
from infra.settings.azure import AzureCloud
from infra.settings.model import Settings
from infra.settings.network_rules import IMAGE_ARCHITECTURE, different_zones, unknown_region
from infra.settings.problems import Problem, nearest


def azure(settings: Settings) -> AzureCloud:
    """This stack's Azure settings. Rules of Azure run over its stacks alone (rules.py)."""
    if not isinstance(settings.cloud, AzureCloud):
        raise TypeError(f"a rule of Azure over {type(settings.cloud).__name__}")
    return settings.cloud


def region(settings: Settings) -> Iterator[Problem]:
    """A region of the list, or one whose zones the stack brings along."""
    cloud = azure(settings)
    known = azure_facts.regions()
    if cloud.region in known:
        return
    if not cloud.allow_new_region:
        rule = "a region of Azure with availability zones that this program knows"
        yield unknown_region(cloud.region, tuple(known), rule, "cloud.allowNewRegion and cloud.zones")
    elif not re.fullmatch(r"[a-z]{3,}[0-9]?", cloud.region):
        yield Problem("airflow:cloud.region", "a region's short name", "`az account list-locations`", cloud.region)
    elif not cloud.zones:
        yield Problem("airflow:cloud.zones", "required for a region that is not in the list", "name its zones")


def zones(settings: Settings) -> Iterator[Problem]:
    """Two zones at least: one may fail."""
    cloud = azure(settings)
    key, known = "airflow:cloud.zones", azure_facts.regions().get(cloud.region)
    yield from different_zones(cloud.zones)
    for index, zone in enumerate(cloud.zones):
        if zone not in (known.zones if known else ("1", "2", "3")):
            yield Problem(f"{key}[{index}]", f"a zone of {cloud.region}", 'as quoted text: "1", "2" or "3"', zone)


def pools(settings: Settings) -> Iterator[Problem]:
    """VM sizes that are known, of the Airflow image's architecture, and large enough for AKS's own pods."""
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
    pools,
)
