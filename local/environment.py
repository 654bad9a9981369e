"""The environment in which Airflow's processes, `make shell` and `make check-dags` run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.airflow.config import SECRETS, Options, World, environment, options, variable
from local import database, keys
from local.place import Place

# what would lead Airflow, or its Python, to another installation
_FOREIGN = ("AIRFLOW__", "AIRFLOW_HOME", "AIRFLOW_CONFIG", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
# compiling Airflow's modules anew in every process doubles the time to a healthy UI
_SLOW = "PYTHONDONTWRITEBYTECODE"


def world(place: Place, port: int) -> World:
    """This machine, as `infra.airflow.config` wants it told."""
    return World(
        executor="LocalExecutor",
        base_url=f"http://localhost:{port}",
        execution_api_server_url=f"http://127.0.0.1:{port}/execution/",
        instance_name="local",
        dags_folder=str(place.checkout / "dags"),
        plugins_folder=str(place.checkout / "plugins"),
        base_log_folder=str(place.logs / "tasks"),
    )


def airflow_options(place: Place, port: int) -> Options:
    """Airflow's options on this machine; the parity test compares them with a cluster's."""
    own = {
        "api": {"host": "127.0.0.1", "port": str(port)},
        # LocalExecutor keeps as many processes waiting from the start; Airflow's default is 32
        "core": {"parallelism": str(max(4, 2 * (os.cpu_count() or 1)))},
    }
    return options(world(place, port), own)


def build(place: Place, port: int) -> dict[str, str]:
    """The caller's environment with everything of Airflow replaced by this checkout's own."""
    made = keys.load(place.keys)
    given = {
        "fernet_key": made.fernet_key,
        "jwt_secret": made.jwt_secret,
        "api_secret_key": made.api_secret_key,
        "database_url": database.choose(place).url(database.NAME),
    }
    secrets = {variable(*SECRETS[name]): value for name, value in given.items()}
    return _around(place, place.home) | environment(airflow_options(place, port)) | secrets


def without_database(place: Place, home: Path) -> dict[str, str]:
    """The same options for reading DAG files alone; the database is an empty file in `home`, a folder to throw away."""
    empty = {variable(*SECRETS["database_url"]): f"sqlite:///{home}/empty.db"}
    empty |= {"AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL"}  # the errors are collected, and told once
    return _around(place, home) | environment(airflow_options(place, port=1)) | empty


def _around(place: Place, home: Path) -> dict[str, str]:
    result = {name: value for name, value in os.environ.items() if not name.startswith((*_FOREIGN, _SLOW))}
    result["AIRFLOW_HOME"] = str(home)
    result["PATH"] = os.pathsep.join([str(place.venv / "bin"), os.environ.get("PATH", os.defpath)])
    # a title over the environment's memory would hide whose process it is (local.orphans)
    result["SPT_NOENV"] = "1"
    if sys.platform == "darwin":  # forked tasks crash in Apple's libraries otherwise, or while they look for a proxy
        result |= {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES", "no_proxy": "*"}
    return result
