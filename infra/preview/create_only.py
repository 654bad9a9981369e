"""Which changes replace a resource, and which resources hold data: reads `create_only.yaml`."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("create_only.yaml")


@dataclass(frozen=True)
class Rules:
    """What the list knows about one type."""

    properties: frozenset[str]
    holds_data: bool
    refused: frozenset[str] = frozenset()

    def replaces(self, path: str) -> bool:
        """Whether a change at a property path (`spec.template.spec.containers[0].image`) replaces the resource."""
        if "*" in self.properties:
            return True
        return any(path == known or path.startswith((f"{known}.", f"{known}[")) for known in self.properties)

    def refuses(self, path: str) -> bool:
        """Whether the cloud refuses a change at a property path (`agentPoolProfiles[0].vmSize`)."""
        plain = re.sub(r"\[[^\]]*\]", "", path)
        return any(plain == known or plain.startswith(f"{known}.") for known in self.refused)


@cache
def rules(token: str) -> Rules:
    """What the list knows about a type token; an unlisted type is taken to be changed in place."""
    entries = [entry for entry in _entries() if any(fnmatchcase(token, pattern) for pattern in entry["types"])]
    return Rules(
        properties=frozenset(name for entry in entries for name in entry["properties"]),
        holds_data=any(entry.get("holdsData", False) for entry in entries),
        refused=frozenset(name for entry in entries for name in entry.get("refused", ())),
    )


@cache
def _entries() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
