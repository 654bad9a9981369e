"""What stands in the simulated clouds, and everything that was done to it, in order."""

import itertools
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.engine.providers import wire

Did = Literal["create", "update", "delete", "read", "invoke", "refused"]


class RefusedError(Exception):
    """The cloud says no, in these words."""


@dataclass
class Thing:
    """One thing that stands.

    `identity` can stand only once; `marks` are how others' inputs refer to it, as JSON writes it; `shown` are the
    inputs as the engine gave them, secrets marked; `refusals` counts who came before it had spread.
    """

    urn: str
    id: str
    identity: str | None
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    marks: frozenset[str] = frozenset()
    shown: Mapping[str, Any] = field(default_factory=dict[str, Any])
    refusals: int = 0

    @property
    def token(self) -> str:
        return wire.token(self.urn)


@dataclass(frozen=True)
class Spreading:
    """How often those whose URN matches are refused what a new thing is, and in which words."""

    times: int
    words: str
    urn: str = ""


@dataclass(frozen=True)
class Event:
    """What was done to one URN; `referring` names what still referred to a thing that was deleted."""

    did: Did
    urn: str
    id: str = ""
    why: str = ""
    referring: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        return wire.token(self.urn)


class World:
    """Thread-safe; one for all clouds of a test, and so one account, subscription and set of clusters.

    `quotas`: type → how many may stand. `spreading`: type → what refers to a new thing of it is refused at first, as
    clouds are consistent only in the end.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.standing: list[Thing] = []
        self.events: list[Event] = []
        self.quotas: dict[str, int] = {}
        self.spreading: dict[str, Spreading] = {}
        self._numbers = itertools.count(1)

    def number(self) -> int:
        """One that was never given before: ids, addresses and made-up names hold it."""
        return next(self._numbers)

    def note(self, event: Event) -> None:
        with self.lock:
            self.events.append(event)

    def find(self, urn: str, id_: str) -> Thing | None:
        """What an operation of Pulumi's is about: the thing of that id, whoever made it."""
        with self.lock:
            of_type = [thing for thing in self.standing if thing.id == id_ and thing.token == wire.token(urn)]
            return next((thing for thing in of_type if wire.stack(thing.urn) == wire.stack(urn)), None)

    def add(self, thing: Thing) -> None:
        """Raises RefusedError where its like stands already, or the quota of its type is used up."""
        with self.lock:
            other = next((one for one in self.standing if thing.identity and one.identity == thing.identity), None)
            if other is not None:
                self.note(Event("refused", thing.urn, why=f"there is one already: {thing.identity}"))
                raise RefusedError(f"AlreadyExists: {thing.identity} (it was made for {other.urn})")
            quota = self.quotas.get(thing.token)
            if quota is not None and sum(one.token == thing.token for one in self.standing) >= quota:
                self.note(Event("refused", thing.urn, why="quota"))
                raise RefusedError(f"LimitExceeded: the quota of {thing.token} is {quota}")
            self.standing.append(thing)
            self.note(Event("create", thing.urn, thing.id))

    def settle(self, thing: Thing) -> None:
        """Raises RefusedError where it refers to something that has not spread yet."""
        with self.lock:
            for other in self.standing:
                slow = self.spreading.get(other.token)
                if slow is None or other.refusals >= slow.times or not re.search(slow.urn, thing.urn):
                    continue
                if _refers(thing, other):
                    other.refusals += 1
                    self.note(Event("refused", thing.urn, why=slow.words))
                    raise RefusedError(f"{slow.words} ({other.id})")

    def remove(self, thing: Thing) -> None:
        with self.lock:
            self.standing.remove(thing)
            referring = tuple(sorted({one.urn for one in self.standing if _refers(one, thing)}))
            self.note(Event("delete", thing.urn, thing.id, referring=referring))

    def of_token(self, token: str, stack: str | None = None) -> Iterator[Thing]:
        for thing in self.standing:
            if thing.token == token and stack in (None, wire.stack(thing.urn)):
                yield thing

    def done(self, did: Did, since: int = 0) -> list[Event]:
        """The events of one kind, in order; `since` is an earlier `len(world.events)`."""
        return [event for event in self.events[since:] if event.did == did]


def _refers(one: Thing, gone: Thing) -> bool:
    if not gone.marks or wire.stack(one.urn) != wire.stack(gone.urn):
        return False
    text = json.dumps(one.inputs)
    return any(mark in text for mark in gone.marks)
