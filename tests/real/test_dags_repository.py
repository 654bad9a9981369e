"""The template's check that every DAG loads, by a real Airflow."""

from pathlib import Path

import pytest

from tests.real.airflow_here import VENV
from tests.unit.test_dags_repository import copied, make

#: Airflow looks into files alone that speak of it and of a DAG.
BROKEN = "from airflow.sdk import dag\nimport a_package_that_is_not_there\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("canary.py", None, "daily_totals: 2 tasks, daily_totals.py"),
        ("broken.py", BROKEN, "broken.py does not load:"),
    ],
)
def test_every_dag_loads(name: str, text: str | None, said: str, airflow_home: Path, tmp_path: Path) -> None:
    folder = copied(tmp_path)
    if text is not None:
        (folder / "dags" / name).write_text(text)
    done = make(folder, "load", f"PYTHON={VENV / 'bin' / 'python'}")
    assert (done.returncode == 0) == (text is None)
    assert said in done.stdout + done.stderr
