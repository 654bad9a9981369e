"""What a proof costs and how long it takes, before anything is made."""

from dataclasses import dataclass

from infra.preview import planning
from infra.preview.schedule import Schedule, schedule
from infra.settings import Settings
from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.figures import CloudFigures

_HOURS_A_MONTH = 730
_DESTROY = 1.0
"""Of the time that `up` takes: deletions are as slow, in other places."""
_LOOKING = 1800
"""Seconds for rotations, DAGs and the fault between the two."""


@dataclass(frozen=True)
class Estimate:
    """`usd` for the whole proof, None where no account is billed; `planned` as `--critical-path` has it."""

    usd: float | None
    source: str
    seconds: float
    planned: Schedule

    def __str__(self) -> str:
        minutes = f"about {self.seconds / 60:.0f} minutes (`up` {self.planned.eightfold / 60:.0f} of them)"
        if self.usd is None:
            return f"{minutes}, on a cluster that is there"
        return f"{minutes}, about {self.usd:.2f} US dollars ({self.source})"


def estimate(settings: Settings, request: planning.Request) -> Estimate:
    """From the size's price a month and the planned times; traffic and what is left by a failure cost more."""
    planned = schedule(planning.make(request).plan)
    seconds = planned.eightfold * (1 + _DESTROY) + _LOOKING
    figures = _figures(settings)
    if figures is None:
        return Estimate(None, "", seconds, planned)
    return Estimate(figures.price.usd * seconds / 3600 / _HOURS_A_MONTH, figures.price.source, seconds, planned)


def _figures(settings: Settings) -> CloudFigures | None:
    if isinstance(settings.cloud, AwsCloud):
        return settings.sized.aws
    return settings.sized.azure if isinstance(settings.cloud, AzureCloud) else None
