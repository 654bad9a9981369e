"""The root certificates of RDS, which are in no system's bundle. Source and licence stand in the file."""

import re
from functools import cache
from pathlib import Path

BUNDLE = Path(__file__).parent / "rds_roots.pem"


@cache
def _roots() -> dict[str, str]:
    found = re.finditer(
        r"^# (?P<region>[a-z]+(?:-[a-z]+)+-\d)\n(?P<pem>-----BEGIN CERTIFICATE-----\n.*?-----END CERTIFICATE-----\n)",
        BUNDLE.read_text(),
        re.MULTILINE | re.DOTALL,
    )
    return {match["region"]: match["pem"] for match in found}


def regions() -> frozenset[str]:
    """Regions whose root is known."""
    return frozenset(_roots())


def root_of(region: str) -> str:
    """PEM of the region's root; the settings refuse a region that has none here."""
    return _roots()[region]
