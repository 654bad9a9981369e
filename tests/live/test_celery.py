"""A release with CeleryExecutor and either broker: tasks on a worker that holds no key of the metadata."""

from collections.abc import Iterator

import pytest

from ops.cluster import Cluster
from tests.live.api import Api
from tests.live.dags import DAG, task_environment
from tests.live.rolling import Rolling
from tests.live.site import Site
from tests.live.standing import needs_charts, own_site, serve


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def site(cluster: Cluster, broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    needs_charts("airflow")
    release = {"executor": "CeleryExecutor", "celery": {"broker": broker, "concurrency": 2, "flower": True}}
    of_the_chart = ("redis-db-main-redis-0",) if broker == "redis" else ()  # RabbitMQ is the plan's own
    of_the_chart += ("logs-main-worker-0",)
    with own_site(cluster, tmp_path_factory.mktemp("stacks"), release, of_the_chart=of_the_chart) as site:
        serve(site, first=DAG.format(name="first"))
        site.bring_up()
        yield site


@pytest.fixture(scope="module")
def api(site: Site) -> Iterator[Api]:
    made = Api(site)
    yield made
    made.close()


@pytest.mark.guarantee("no task holds a key of the control plane")
def test_a_task_runs_on_a_worker_without_keys_and_its_log_is_read(api: Api) -> None:
    api.wait_for_dag("first")
    run, state = api.run("first")
    assert state == "success"
    held = task_environment(api, "first", run)
    assert held.isdisjoint({"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__API_AUTH__JWT_SECRET", "PGSSLMODE"})
    assert "AIRFLOW__CELERY__RESULT_BACKEND" in held
    log = api.call("GET", f"/api/v2/dags/first/dagRuns/{run}/taskInstances/look/logs/1?full_content=true")
    assert "a line that only this task writes: first" in str(log)


def test_results_are_kept_in_a_database_of_their_own(site: Site) -> None:
    namespace = site.names.resource("database")

    def sql(database: str, role: str, text: str) -> str:
        command = ("psql", "-U", "postgres", "-d", database, "-XAtqc", f"SET ROLE {role}; {text}")
        return site.cluster.run("exec", "-n", namespace, "postgres-0", "--", *command).strip()

    assert int(sql("airflow_main_result", "airflow_main_result", "SELECT count(*) FROM celery_taskmeta")) > 0
    right = "SELECT has_database_privilege('airflow_main_result', 'airflow_main', 'CONNECT')"
    assert sql("postgres", "airflow_main_result", right) == "f"
    tables = "SELECT count(*) FROM pg_tables WHERE has_table_privilege('airflow_main_result', 'dag', 'SELECT')"
    assert sql("airflow_main", "postgres", tables) == "0"


def test_flower_asks_for_the_password(site: Site) -> None:
    script = (
        "import urllib.request, urllib.error\n"
        "try: urllib.request.urlopen('http://main-flower:5555/main/flower/')\n"
        "except urllib.error.HTTPError as error: print(error.code)"
    )
    said = site.cluster.run("exec", "-n", site.namespace, "deploy/main-scheduler", "--", "python", "-c", script)
    assert said.strip() == "401"


@pytest.mark.guarantee("a changed broker password")
def test_a_new_password_of_the_broker_rolls_through(site: Site, api: Api) -> None:
    replaced = Rolling(site).out(brokerPassword="another:Pass%word+of,1")
    assert {"main-broker", "main-broker-password"} <= replaced
    assert api.run("first")[1] == "success"
