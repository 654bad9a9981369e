"""What a question to the cloud gave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """`unknown`: could not be asked, most often for want of a right. Neither it nor what ends `soon` stops anybody."""

    good = "ok"
    soon = "!"
    bad = "NO"
    unknown = "?"


@dataclass(frozen=True)
class Answer:
    """One question, what is the case, and what to do where it is not as it must be."""

    state: State
    question: str
    found: str
    cure: str = ""

    def __str__(self) -> str:
        cure = f"\n      {self.cure}" if self.cure and self.state is not State.good else ""
        return f"{self.state:>3}  {self.question}: {self.found}{cure}"


def answer(question: str, good: bool, found: str, cure: str) -> Answer:
    """A question that could be asked."""
    return Answer(State.good if good else State.bad, question, found, cure)


SOON = timedelta(days=90)


def today() -> date:
    """The day, in UTC."""
    return datetime.now(UTC).date()


def until(question: str, end: date, cure: str, *, standing: bool = True) -> Answer:
    """A warning from SOON before the end of what is pinned; nothing new begins with what has ended."""
    left = end - today()
    state = State.good if left >= SOON else State.soon if standing or left >= timedelta() else State.bad
    return Answer(state, question, f"until {end:%d %B %Y}", cure)


def report(answers: Iterable[Answer]) -> tuple[str, bool]:
    """The answers as text, and whether an `up` may begin."""
    given: Sequence[Answer] = tuple(answers)
    bad = sum(one.state is State.bad for one in given)
    unknown = sum(one.state is State.unknown for one in given)
    soon = sum(one.state is State.soon for one in given)
    lines = [str(one) for one in given]
    ends = f", {soon} that end soon" if soon else ""
    fine = len(given) - bad - unknown - soon
    lines.append(f"{len(given)} asked: {fine} fine{ends}, {bad} to mend, {unknown} unanswered")
    return "\n".join(lines), not bad
