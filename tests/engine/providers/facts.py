"""What the providers cannot change in place, from their own schemas and documents; each file names its sources.

The program's own list, `infra/preview/create_only.yaml`, is not read here: `test_facts.py` compares the two.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.engine.providers import wire

FOLDER = Path(__file__).with_name("facts")


@cache
def _package(package: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{package}.yaml").read_text())["types"]


@cache
def properties(package: str, token: str) -> frozenset[str]:
    """Property paths of a type whose change replaces it; `*` stands for all. KeyError for a type without facts."""
    types = _package(package)
    of_all = types.get("*", [])
    if token not in types and package in ("aws", "azure-native"):
        raise KeyError(f"no facts on {token}: add what {package} cannot change in place, with its source")
    return frozenset([*of_all, *types.get(token, [])])


def replaces(package: str, token: str, path: str) -> bool:
    known = properties(package, token)
    return "*" in known or any(wire.covers(one, path) for one in known)
