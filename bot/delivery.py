"""What the bot asks of a CI service, whichever it is."""

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["waiting", "running", "success", "failed"]


@dataclass(frozen=True)
class Run:
    """A deployment that was started: `id` is the service's, `url` where a person watches it."""

    id: str
    url: str


@dataclass(frozen=True)
class Outcome:
    """How a run stands; `url` may become more exact than the run's own."""

    state: State
    url: str

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("success", "failed")


class Delivery(Protocol):
    """GitHub Actions or CircleCI."""

    def try_branch(self, branch: str) -> Run:
        """Deploy a branch to integration."""
        ...

    def follow_release(self, tag: str) -> Run:
        """Find the run that a pushed release tag starts."""
        ...

    def outcome(self, run: Run) -> Outcome:
        """How a run stands now."""
        ...
