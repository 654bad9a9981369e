"""What the bot asks of a CI service, whichever it is."""

from dataclasses import dataclass
from typing import Literal, Protocol

State = Literal["waiting", "running", "success", "failed"]


@dataclass(frozen=True)
class Run:
    """A deployment that was started: `id` is the service's, `url` where a person watches it.

    `repository` is set where GitHub runs it for another repository than the delivery's: that of the DAGs.
    """

    id: str
    url: str
    repository: str = ""


APPEARS = 20
"""Looks, a second apart, until a run that was just started must be listed."""


@dataclass(frozen=True)
class Outcome:
    """How a run stands; `url` may become more exact than the run's own."""

    state: State
    url: str

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("success", "failed")


class Outcomes(Protocol):
    """Who knows how a run stands."""

    def outcome(self, run: Run) -> Outcome:
        """How a run stands now. RestError 404: there is no such run any more."""
        ...


class Delivery(Outcomes, Protocol):
    """GitHub Actions or CircleCI. Each method raises RestError for what a person should read."""

    def try_branch(self, branch: str) -> Run:
        """Deploy a branch to integration. One whose start was not confirmed is looked for before it is given up."""
        ...

    def try_dags(self, ref: str) -> Run:
        """The same for a branch of the DAGs, which have a repository of their own."""
        ...

    def follow_release(self, tag: str) -> Run:
        """Find the run that a pushed release tag starts, which takes a moment to be listed."""
        ...


@dataclass(frozen=True)
class OfBoth:
    """Asks the service that runs it: the program's delivery, or GitHub for a repository of DAGs."""

    delivery: Outcomes
    dags: Outcomes

    def outcome(self, run: Run) -> Outcome:
        """How a run stands now."""
        return (self.dags if run.repository else self.delivery).outcome(run)
