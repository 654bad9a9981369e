"""What AWS offers, as data: regions and their zones, instance types, database classes. Source and date stand in it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "aws.json"


@dataclass(frozen=True)
class InstanceType:
    """An EC2 type: `architecture` x86_64 or arm64, memory in GiB, and the pods that its addresses are enough for."""

    architecture: str
    cpus: int
    memory_gib: int
    pods: int


@cache
def _data() -> dict[str, Any]:
    return json.loads(DATA.read_text())


def regions() -> dict[str, tuple[str, ...]]:
    """Region → names of its zones; only regions whose database root certificate is in `cloud/aws/rds_roots.pem`."""
    return {region: tuple(region + zone for zone in zones) for region, zones in _data()["regions"].items()}


def instance_types() -> dict[str, InstanceType]:
    """Type → what it is; current families up to 8xlarge."""
    return {
        f"{family}.{size}": InstanceType(entry["architecture"], *figures)
        for family, entry in _data()["instanceFamilies"].items()
        for size, figures in entry["sizes"].items()
    }


def database_classes() -> frozenset[str]:
    """Classes that RDS for PostgreSQL has in eu-west-1; another region may lack one, which the preflight asks."""
    return frozenset(f"{family}.{size}" for family, sizes in _data()["databaseFamilies"].items() for size in sizes)


def partition(region: str) -> str:
    """The first part of every ARN there after `arn:`."""
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
