"""A release on the cluster and `make up` get the same Airflow options, but for a written list."""

import subprocess
import sys

from infra.airflow.config import DIFFERENCES, World, environment, options, variable

CLUSTER = World(
    executor="KubernetesExecutor",
    base_url="https://airflow.data.acme.org/main",
    execution_api_server_url="http://main-api-server.airflow:8080/main/execution/",
    instance_name="production main",
    dags_folder="/opt/airflow/dags",
    plugins_folder="/opt/airflow/plugins",
    base_log_folder="/opt/airflow/logs",
)
LOCAL = World(
    executor="LocalExecutor",
    base_url="http://localhost:1234",
    execution_api_server_url="http://localhost:1234/execution/",
    instance_name="local",
    dags_folder="/home/me/airflow/dags",
    plugins_folder="/home/me/airflow/plugins",
    base_log_folder="/home/me/airflow/.airflow/logs/tasks",
)


def test_both_worlds_differ_only_in_the_written_list() -> None:
    here, there = environment(options(LOCAL)), environment(options(CLUSTER))
    different = {name for name in here.keys() | there.keys() if here.get(name) != there.get(name)}
    written = {variable(*option.split(".")) for option in DIFFERENCES}
    assert different <= written, f"not in DIFFERENCES of infra/airflow/config.py: {different - written}"


def test_overrides_win_and_leave_the_rest() -> None:
    plain = options(LOCAL)
    given = options(LOCAL, {"core": {"load_examples": "True"}, "scheduler": {"catchup_by_default": "True"}})
    assert given["core"] == {**plain["core"], "load_examples": "True"}
    assert given["scheduler"] == {"catchup_by_default": "True"}
    assert plain == options(LOCAL)


def test_the_module_needs_no_pulumi() -> None:
    """`make up` imports it in Airflow's virtualenv, where there is none."""
    code = "import sys; sys.modules['pulumi'] = None; import infra.airflow.config"
    subprocess.run([sys.executable, "-c", code], check=True)
