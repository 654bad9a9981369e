"""A line for each step, live with its elapsed time on a terminal, plain where there is none."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

LOG_LINES = 20


class StepError(Exception):
    """A step failed for a reason that its log knows: what failed, where the log is, what to do."""

    def __init__(self, message: str, cure: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.cure = cure
        self.log = log

    def report(self) -> str:
        """The message, the end of the log, and the cure."""
        lines = [str(self)]
        if self.log and self.log.exists():
            lines += [f"the end of {self.log}:", *(f"  {line}" for line in tail(self.log, LOG_LINES))]
        return "\n".join([*lines, self.cure])


def tail(log: Path, count: int) -> list[str]:
    """The last lines of a text file."""
    return log.read_text(errors="replace").splitlines()[-count:]


@dataclass
class Step:
    """What a running step may say of itself; `detail` stands behind its time when it is done."""

    detail: str = ""


@dataclass
class Steps:
    """Prints the steps of one command."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    began: float = field(default_factory=time.monotonic)

    @contextlib.contextmanager
    def step(self, name: str, since: float | None = None) -> Generator[Step, None, None]:
        """One step; its time counts from `since` (of time.monotonic) where it began before its turn to be shown."""
        begin, step = since or time.monotonic(), Step()
        try:
            with self._live(name, begin):
                yield step
        except BaseException:
            self._done("[red]✗[/]", name, begin, step)
            raise
        self._done("[green]✓[/]", name, begin, step)

    @contextlib.contextmanager
    def _live(self, name: str, begin: float) -> Generator[None, None, None]:
        if not self.console.is_terminal:
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(f"{name:<16}", total=None)
            progress.tasks[task].start_time = progress.get_time() - (time.monotonic() - begin)
            yield

    def _done(self, mark: str, name: str, begin: float, step: Step) -> None:
        self.console.print(f"{mark} {name:<16} {time.monotonic() - begin:6.1f} s  {step.detail}", soft_wrap=True)
