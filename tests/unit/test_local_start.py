"""What a start of `make up` waits for, without Airflow: DAGs that are there, and the scheduler's gate."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import first_parse as parsing
from local.first_parse import Count, first_parse
from local.place import Place
from tests.real.waiting import until

ROOT = Path(__file__).parents[2]


class Clock:
    """time.monotonic() and time.sleep() of a process that does nothing else."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(parsing, "time", made)
    return made


def waited(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, folder: Path, before: Count, *counts: Count
) -> tuple[str, float]:
    """What it says and after how many seconds, where the counts follow each other and the last one stays."""
    left: Iterator[Count] = iter(counts)
    last = [counts[-1]]

    def count(*_: object) -> Count:
        last[0] = next(left, last[0])
        return last[0]

    def choose(_: Place) -> None:
        return None

    monkeypatch.setattr(parsing, "count", count)
    monkeypatch.setattr(parsing.database, "choose", choose)
    (folder / "dags").mkdir()
    (folder / "dags" / "a.py").touch()
    began = clock.now
    return first_parse(Place(folder), 60, 0.0, before), clock.now - began


def test_dags_that_were_all_parsed_meanwhile_are_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, tmp_path: Path
) -> None:
    said, seconds = waited(monkeypatch, clock, tmp_path, Count(5, 0, 5), Count(5, 0, 0))
    assert (said, seconds) == ("5 DAGs", 0)


def test_dags_that_are_not_parsed_yet_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, tmp_path: Path
) -> None:
    counts = [Count(5, 0, 5)] * 4 + [Count(5, 0, 1)] * 2 + [Count(5, 0, 0)]
    said, seconds = waited(monkeypatch, clock, tmp_path, Count(5, 0, 5), *counts)
    assert said == "5 DAGs"
    assert seconds == pytest.approx(6 * 0.2)


def test_a_first_start_waits_until_the_number_rests(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, tmp_path: Path
) -> None:
    counts = [Count(0, 0, 0)] * 20 + [Count(2, 0, 0), Count(5, 0, 0), Count(5, 1, 0)]
    said, seconds = waited(monkeypatch, clock, tmp_path, Count(0, 0, 0), *counts)
    assert said == "5 DAGs, 1 files with errors: `make check-dags`"
    assert seconds == pytest.approx(23 * 0.2)


def test_a_dag_that_is_gone_from_its_file_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, tmp_path: Path
) -> None:
    said, seconds = waited(monkeypatch, clock, tmp_path, Count(6, 0, 6), Count(6, 0, 1))
    assert said == "6 DAGs"
    assert 2 < seconds < 3


def test_no_dag_ever_is_said_when_time_is_up(monkeypatch: pytest.MonkeyPatch, clock: Clock, tmp_path: Path) -> None:
    said, seconds = waited(monkeypatch, clock, tmp_path, Count(0, 0, 0), Count(0, 0, 0))
    assert said == "0 DAGs"
    assert 60 < seconds < 61


def test_the_scheduler_begins_when_its_file_is_there(tmp_path: Path) -> None:
    for package in ("airflow", "airflow/cli", "airflow/cli/commands", "airflow/executors"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "airflow/cli/commands/scheduler_command.py").write_text("print('imported', flush=True)")
    (tmp_path / "airflow/executors/local_executor.py").touch()
    (tmp_path / "airflow/__main__.py").write_text(
        "import sys\ndef main():\n    print(*sys.argv, flush=True)\n    return 3\n"
    )
    gate, output = tmp_path / "may-schedule", tmp_path / "output"
    command = [sys.executable, ROOT / "local/scripts/scheduler.py", gate, "airflow", "scheduler", "--skip-serve-logs"]
    with (
        output.open("w") as file,
        subprocess.Popen(command, stdout=file, env={**os.environ, "PYTHONPATH": str(tmp_path)}) as process,
    ):
        until(lambda: output.read_text() == "imported\n", "it has imported Airflow")
        assert process.poll() is None
        gate.touch()
        assert process.wait(60) == 3
    assert output.read_text() == "imported\nairflow scheduler --skip-serve-logs\n"
