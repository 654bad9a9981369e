import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.real.airflow_here import (
    MIGRATED,
    VENV,
    WITH_ROLES,
    AirflowHere,
    ForkServer,
    Postgres,
    base_env,
    embedded_postgres,
    fork_server,
)
from tests.real.local_checkout import Checkout

NUMBERS = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)
            if "airflow_server" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group("airflow"))  # one worker, so one migration and one import


@pytest.fixture(scope="session")
def airflow_home() -> Iterator[Path]:
    if not (VENV / "bin" / "airflow").exists():
        pytest.skip("no Airflow in .airflow/venv: run `make .airflow/.installed`")
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(airflow_home: Path) -> Iterator[Postgres]:
    with embedded_postgres() as server:
        server.create_database(MIGRATED)
        env = base_env(airflow_home, server.url(MIGRATED))
        subprocess.run([VENV / "bin" / "airflow", "db", "migrate"], env=env, check=True, capture_output=True)
        yield server


@pytest.fixture(scope="session")
def airflow_server(airflow_home: Path, postgres: Postgres) -> Iterator[ForkServer]:
    """Airflow, and in `WITH_ROLES` the roles that the first api-server would make: 1 s that each test need not wait."""
    with fork_server(airflow_home, base_env(airflow_home, postgres.url("postgres"))) as server:
        postgres.sql(f"create database {WITH_ROLES} template {MIGRATED}")
        env = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url(WITH_ROLES)}
        done = server.start({"argv": [str(VENV / "bin" / "airflow"), "sync-perm"], "env": env}).wait()
        assert done.code == 0, done.err
        yield server


@pytest.fixture
def airflow_without_roles(airflow_server: ForkServer, postgres: Postgres, tmp_path: Path) -> AirflowHere:
    return on_copy(airflow_server, postgres, tmp_path, MIGRATED)


@pytest.fixture
def airflow(airflow_server: ForkServer, postgres: Postgres, tmp_path: Path) -> AirflowHere:
    """Airflow on a freshly migrated database of its own."""
    return on_copy(airflow_server, postgres, tmp_path, WITH_ROLES)


def on_copy(server: ForkServer, postgres: Postgres, folder: Path, template: str) -> AirflowHere:
    name = f"test_{next(NUMBERS)}"
    postgres.sql(f"create database {name} template {template}")
    env = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url(name)}
    return AirflowHere(server, postgres, name, folder, env)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Checkout, str]]:
    """A newcomer's clone with a running Airflow, and what `make start` printed in it."""
    checkout = Checkout.fresh(tmp_path_factory.mktemp("local"))
    try:
        yield checkout, checkout.start()
    finally:
        checkout.make("clean", "YES=1")


@pytest.fixture
def local(fresh: tuple[Checkout, str]) -> Checkout:
    return fresh[0]


@pytest.fixture
def api(local: Checkout) -> Iterator[httpx.Client]:
    with local.api() as client:
        yield client
