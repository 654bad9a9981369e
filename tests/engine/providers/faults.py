"""Faults by order: what a cloud, the way to it or its provider can do to one operation."""

import re
import threading
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["refuse", "hang", "crash", "late", "partial"]
Operation = Literal["create", "update", "delete"]


@dataclass
class Fault:
    """What happens to operations whose URN matches.

    `refuse`: the cloud says no, and nothing was done. `late`: it was done, and the answer was a time-out. `partial`:
    it was done but is not ready, which the provider tells with the id. `hang`: it was done and no answer comes.
    `crash`: it was done and the provider dies before it can say so. The first `skip` that match pass; `times` counts
    operations, or with `each` those on every URN.
    """

    kind: Kind
    urn: str = ""
    operation: Operation = "create"
    skip: int = 0
    times: int = 1
    each: bool = False
    words: str = "simulated: the cloud refused it"
    met: list[str] = field(default_factory=list[str])

    def meets(self, operation: Operation, urn: str) -> bool:
        """Whether it is this operation's turn."""
        done = self.met.count(urn) if self.each else len(self.met)
        if operation != self.operation or done >= self.times or not re.search(self.urn, urn):
            return False
        self.skip -= 1
        return self.skip < 0


class Faults:
    """The standing orders; each keeps the URNs that it met."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()

    def order(self, fault: Fault) -> Fault:
        with self._lock:
            self._orders.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()

    def next(self, operation: Operation, urn: str) -> Fault | None:
        """The order that this operation meets, if any; it counts as met."""
        with self._lock:
            found = next((fault for fault in self._orders if fault.meets(operation, urn)), None)
            if found is not None:
                found.met.append(urn)
            return found
