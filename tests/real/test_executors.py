"""Every executor that a release may name loads with the image's pins: one that does not is seen in a pod alone."""

import subprocess
from pathlib import Path

import pytest

from infra.settings.release.execution import EXECUTORS
from tests.real.airflow_here import VENV, base_env


@pytest.mark.parametrize("executor", EXECUTORS)
def test_it_loads(executor: str, airflow_home: Path) -> None:
    code = (
        "from airflow.executors.executor_loader import ExecutorLoader\n"
        "(name,) = ExecutorLoader.get_executor_names(validate_teams=False)\n"
        "print(ExecutorLoader.import_executor_cls(name)[0].__name__)"
    )
    env = {**base_env(airflow_home, "sqlite://"), "AIRFLOW__CORE__EXECUTOR": executor}
    done = subprocess.run([VENV / "bin" / "python", "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout.split()[-1:] == [executor], done.stderr
