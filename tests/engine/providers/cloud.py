"""What each simulated cloud has to say of its own types; the provider (`provider.py`) is the same for all."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engine.providers import facts, wire
from tests.engine.providers.world import Thing, World

MADE_UP = "__defaults"
"""Where a bridged provider notes which inputs it made up itself."""


def digits(urn: str, number: int, length: int = 8) -> str:
    """Hex digits that differ for each creation."""
    return hashlib.sha256(f"{urn} {number}".encode()).hexdigest()[:length]


@dataclass(frozen=True)
class Made:
    """What a creation gives; `marks` are how others' inputs refer to it, as JSON writes it."""

    id: str
    outputs: Mapping[str, Any]
    marks: frozenset[str] = field(default_factory=frozenset[str])


def marks(*values: Any) -> frozenset[str]:
    """Those of its values that others take from it; what is short could stand there by chance."""
    return frozenset(json.dumps(value) for value in values if value and len(str(value)) > 8)


class Cloud(ABC):
    """One package."""

    package: str

    def __init__(self, world: World) -> None:
        self.world = world

    @abstractmethod
    def checked(self, urn: str, news: wire.Values, olds: wire.Values, seed: str) -> wire.Values:
        """The inputs with the names that the provider makes up; an update keeps those of before."""

    @abstractmethod
    def identity(self, urn: str, inputs: Mapping[str, Any]) -> str | None:
        """What can stand only once, with the account, region or cluster that it is unique in."""

    @abstractmethod
    def make(self, urn: str, inputs: Mapping[str, Any], shown: wire.Values, number: int) -> Made:
        """A new thing. `inputs` are in the clear; `shown` still has its markers, and is what outputs start from."""

    @abstractmethod
    def deletes_first(self, token: str, old: wire.Values, new: wire.Values) -> bool:
        """Whether a replacement has to delete the old one before it creates the new one."""

    def require(self, urn: str, inputs: Mapping[str, Any]) -> None:  # noqa: B027  # nothing is needed by default
        """Raises RefusedError where what it needs is not there yet."""

    def keeps(self, thing: Thing) -> str:
        """Why it cannot be deleted as it stands, in the cloud's words; empty where it can."""
        return ""

    def outputs_of_update(self, urn: str, shown: wire.Values, before: Mapping[str, Any]) -> wire.Values:
        """What the cloud computes stays, what is given is new."""
        return {**before, **shown}

    def answer(self, token: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """A function of the provider."""
        raise NotImplementedError(f"the simulated {self.package} has no function {token}: add it")

    def looked_up(self, urn: str, id_: str) -> Mapping[str, Any] | None:
        """What stands there though no resource of a stack made it, such as a chart's Service."""
        return None

    def replaces(self, token: str, path: str, old: wire.Values, new: wire.Values) -> bool:
        """Whether a changed property cannot be changed in place."""
        return facts.replaces(self.package, token, path)

    def new_provider(self, changed: set[str], new: wire.Values) -> set[str]:
        """Which changed keys of the provider's own configuration replace it, and so all that it manages."""
        return set()
