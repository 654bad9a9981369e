"""A release on the cluster and `make up` get the same Airflow options, but for a written list."""

import subprocess
import sys
from pathlib import Path

from infra.airflow.config import DIFFERENCES, World, environment, options, variable
from local.environment import airflow_options
from local.place import Place

CLUSTER = World(
    executor="KubernetesExecutor",
    base_url="https://airflow.data.acme.org/main",
    execution_api_server_url="http://main-api-server.airflow:8080/main/execution/",
    instance_name="production main",
    dags_folder="/opt/airflow/dags",
    plugins_folder="/opt/airflow/plugins",
    base_log_folder="/opt/airflow/logs",
)
HERE = Place(Path("/home/me/airflow"))


def test_both_worlds_differ_only_in_the_written_list() -> None:
    here, there = environment(airflow_options(HERE, 1234)), environment(options(CLUSTER))
    different = {name for name in here.keys() | there.keys() if here.get(name) != there.get(name)}
    written = {variable(*option.split(".")) for option in DIFFERENCES}
    assert different <= written, f"not in DIFFERENCES of infra/airflow/config.py: {different - written}"


def test_overrides_win_and_leave_the_rest() -> None:
    plain = options(CLUSTER)
    given = options(CLUSTER, {"core": {"load_examples": "True"}, "scheduler": {"catchup_by_default": "True"}})
    assert given["core"] == {**plain["core"], "load_examples": "True"}
    assert given["scheduler"] == {"catchup_by_default": "True"}
    assert plain == options(CLUSTER)


def test_the_module_needs_no_pulumi() -> None:
    """`make up` imports it in Airflow's virtualenv, where there is none."""
    code = "import sys; sys.modules['pulumi'] = None; import infra.airflow.config"
    subprocess.run([sys.executable, "-c", code], check=True)
