"""The report of a proof, in Markdown: what was done, how long it took, and what was seen, made to be published."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from infra import versions
from infra.settings import Settings
from ops.prove.price import Estimate
from ops.prove.times import Took, beside, longest


@dataclass(frozen=True)
class Step:
    """One step: `failed` says why, `seen` what it showed; neither where the stack has nothing to look at."""

    name: str
    seconds: float
    seen: str = ""
    failed: str = ""

    @property
    def result(self) -> str:
        if self.failed:
            return f"**failed**: {_cell(self.failed)}"
        return _cell(self.seen) if self.seen else "not looked at: the stack has none"


@dataclass(frozen=True)
class Report:
    """What the verb writes. No account, host or id of the cloud is in it but what a step's failure says."""

    source: str
    settings: Settings
    commit: str
    began: datetime
    estimate: Estimate
    steps: tuple[Step, ...]
    created: dict[str, Took]

    @property
    def good(self) -> bool:
        return not any(step.failed for step in self.steps)

    def __str__(self) -> str:
        return "\n".join([*self._head(), "", *self._steps(), "", *self._path(), "", *self._longest(), ""])

    def _head(self) -> Iterator[str]:
        yield f"# The stack `{self.source}`, proven on {self.settings.cloud.kind}"
        yield ""
        yield f"{self.began:%Y-%m-%d %H:%M} UTC, commit {self.commit}, size {self.settings.size.value}."
        yield f"Airflow {versions.AIRFLOW} by chart {versions.AIRFLOW_CHART}."
        yield f"Foreseen: {self.estimate}; it took {sum(step.seconds for step in self.steps) / 60:.0f} minutes."
        yield "**All steps held.**" if self.good else "**Not all steps held.**"

    def _steps(self) -> Iterator[str]:
        yield "| step | took | seen |"
        yield "|---|---|---|"
        for step in self.steps:
            yield f"| {step.name} | {_took(step.seconds)} | {step.result} |"

    def _path(self) -> Iterator[str]:
        yield "## The planned critical path, beside what it took"
        yield ""
        yield "| resource | planned | measured |"
        yield "|---|---|---|"
        total = 0.0
        for name, foreseen, measured in beside(self.estimate.planned, self.created):
            total += measured or 0
            yield f"| {name} | {_took(foreseen)} | {'–' if measured is None else _took(measured)} |"
        up = next((step.seconds for step in self.steps if step.name == "up"), 0)
        planned = _took(self.estimate.planned.unlimited)
        yield f"| all of it | {planned} | {_took(total)}, and the whole `up` {_took(up)} |"

    def _longest(self) -> Iterator[str]:
        yield "## What took longest"
        yield ""
        yield "| resource | began after | took |"
        yield "|---|---|---|"
        for one in longest(self.created):
            kind, name = one.urn.split("::")[2].rpartition("$")[2], one.urn.rpartition("::")[2]
            yield f"| {kind.rpartition(':')[2]} {name} | {_took(one.start)} | {_took(one.seconds)} |"


def _took(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
