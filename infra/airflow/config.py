"""Airflow's options for both worlds, a release on a cluster and the processes of `make up`: pure values, no Pulumi.

What is the same stands in `_SHARED`; what a world must say for itself is a field of `World`; `DIFFERENCES` is the
written list of what may differ (`*` for a whole family), with the reason, and tests/unit/test_parity.py holds both
worlds to it.
Sections and options are those of Airflow 3.3's configuration reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

Options = dict[str, dict[str, str]]

_SHARED: Options = {
    "core": {
        "auth_manager": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "load_examples": "False",
        # what a connection's form tries would run in the api-server, with its rights
        "test_connection": "Disabled",
    },
    "database": {
        # `airflow db migrate` makes users' and roles' tables too
        "external_db_managers": "airflow.providers.fab.auth_manager.models.db.FABDBManager",
    },
    # a merged or saved DAG shows within a minute; Airflow's own default is 300 s
    "dag_processor": {"refresh_interval": "30"},
    "api": {"expose_config": "non-sensitive-only"},
    # A task that starts while no api-server answers (a first installation, an upgrade) waits 100 s for one, and a busy
    # one has 17 s for each answer; with Airflow's own values a task is dead after 8 s, and an answer late after 5. All
    # tries together stay below the 300 s after which a task without a heartbeat is given up.
    "workers": {
        "execution_api_retries": "11",
        "execution_api_retry_wait_min": "10",
        "execution_api_retry_wait_max": "10",
        "execution_api_timeout": "17",
    },
}

# Environment variables from a Secret (cluster) or a 0600 file (this machine), never text in a configuration.
SECRETS = {
    "fernet_key": ("core", "fernet_key"),
    "jwt_secret": ("api_auth", "jwt_secret"),
    "api_secret_key": ("api", "secret_key"),
    "database_url": ("database", "sql_alchemy_conn"),
}

DIFFERENCES = {
    "core.executor": "the cluster runs tasks in pods or on workers, this machine as processes",
    "core.parallelism": "a cluster's size, or this machine's cores",
    "core.dags_folder": "a path",
    "core.plugins_folder": "a path",
    "core.execution_api_server_url": "the cluster's own service, or this machine's port",
    "api.host": "loopback here, the pod's addresses there",
    "api.port": "several checkouts on one machine",
    "api.base_url": "the ingress's host and path, or localhost",
    "api.instance_name": "says in the UI which of the two it is",
    "logging.base_log_folder": "a path",
    "logging.remote_*": "logs of pods outlive them in an object store; here they stay in files",
    "logging.delete_local_logs": "what is in the object store need not fill a pod's disk",
    "database.sql_alchemy_conn": "TLS to a server, or a unix socket",
    "core.default_task_retries": "nodes go away under tasks, and spot nodes often; here a failure shows at once",
    "dag_processor.dag_bundle_config_list": "DAGs from repositories, or this checkout's folder",
    "kubernetes_executor.*": "that executor's own",
    "celery.*": "that executor's own",
    "celery_broker_transport_options.*": "that executor's own",
    "fab.enable_proxy_fix": "an ingress stands before the api-server",
    "email.*": "a release's mail server; here the connection smtp_default alone",
    "smtp.*": "the same",
}


def may_differ(section: str, option: str) -> bool:
    """Whether the written list allows the option to differ."""
    return any(fnmatch(f"{section}.{option}", allowed) for allowed in DIFFERENCES)


@dataclass(frozen=True)
class World:
    """What only the place where Airflow runs can know. Folders are absolute paths, URLs without a final slash."""

    executor: str
    base_url: str
    execution_api_server_url: str
    instance_name: str
    dags_folder: str
    plugins_folder: str
    base_log_folder: str


def options(world: World, overrides: Mapping[str, Mapping[str, str]] | None = None) -> Options:
    """All options that we set, by section; `overrides` (a release's own `config`) wins over everything."""
    own: Options = {
        "core": {
            "executor": world.executor,
            "dags_folder": world.dags_folder,
            "plugins_folder": world.plugins_folder,
            "execution_api_server_url": world.execution_api_server_url,
        },
        "api": {"base_url": world.base_url, "instance_name": world.instance_name},
        "logging": {"base_log_folder": world.base_log_folder},
    }
    merged: Options = {}
    for layer in (_SHARED, own, overrides or {}):
        for section, values in layer.items():
            merged.setdefault(section, {}).update(values)
    return merged


def environment(given: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The options as Airflow reads them from its environment."""
    return {variable(section, option): value for section, values in given.items() for option, value in values.items()}


def variable(section: str, option: str) -> str:
    """The name of an option's environment variable: `AIRFLOW__CORE__EXECUTOR`."""
    return f"AIRFLOW__{section.upper()}__{option.upper()}"
