"""What Azure offers, as data: regions and their zones, VM sizes, database SKUs. Source and date stand in it."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "azure.json"
#: GiB that Flexible Server's storage comes in (Premium SSD).
STORAGE_GIB = (32, 64, 128, 256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32767)


@dataclass(frozen=True)
class Region:
    """Zones by number, and whether Flexible Server keeps backups in the paired region too."""

    zones: tuple[str, ...]
    geo_backup: bool


@dataclass(frozen=True)
class VmSize:
    """A VM size: `architecture` x86_64 or arm64; memory, and the local disk that can hold a node's system, in GiB."""

    architecture: str
    cpus: int
    memory_gib: int
    local_gib: float = 0


@cache
def _data() -> dict[str, Any]:
    return json.loads(DATA.read_text())


def regions() -> dict[str, Region]:
    """Regions with availability zones."""
    return {name: Region(tuple(entry["zones"]), entry["geoBackup"]) for name, entry in _data()["regions"].items()}


def vm_sizes() -> dict[str, VmSize]:
    """Name → what it is; general and memory-optimized families with premium disks, up to 32 CPUs."""
    return {
        "Standard_" + re.sub(r"\*", str(cpus), family): VmSize(
            entry["architecture"], cpus, cpus * entry["gibPerCpu"], cpus * entry.get("localGibPerCpu", 0)
        )
        for family, entry in _data()["vmFamilies"].items()
        for cpus in entry["cpus"]
    }


def database_skus() -> dict[str, str]:
    """SKU → tier: Burstable, GeneralPurpose or MemoryOptimized."""
    return {f"Standard_{sku}": tier for tier, skus in _data()["databaseSkus"].items() for sku in skus}
