import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.real.airflow_here import (
    TEMPLATE,
    VENV,
    AirflowHere,
    ForkServer,
    Postgres,
    base_env,
    embedded_postgres,
    fork_server,
)

NUMBERS = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def airflow_home() -> Iterator[Path]:
    if not (VENV / "bin" / "airflow").exists():
        pytest.skip("no Airflow in .airflow/venv: run `make .airflow/.installed`")
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(airflow_home: Path) -> Iterator[Postgres]:
    with embedded_postgres() as server:
        server.create_database(TEMPLATE)
        env = base_env(airflow_home, server.url(TEMPLATE))
        subprocess.run([VENV / "bin" / "airflow", "db", "migrate"], env=env, check=True, capture_output=True)
        yield server


@pytest.fixture(scope="session")
def airflow_server(airflow_home: Path, postgres: Postgres) -> Iterator[ForkServer]:
    with fork_server(airflow_home, base_env(airflow_home, postgres.url("postgres"))) as server:
        yield server


@pytest.fixture
def airflow(airflow_server: ForkServer, postgres: Postgres, tmp_path: Path) -> AirflowHere:
    """Airflow on a freshly migrated database of its own."""
    name = f"test_{next(NUMBERS)}"
    postgres.sql(f"create database {name} template {TEMPLATE}")
    env = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url(name)}
    return AirflowHere(airflow_server, postgres, name, tmp_path, env)
