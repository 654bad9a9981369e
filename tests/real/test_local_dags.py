"""The example DAGs in a running `make up`: through the API, by `make run`, by `make check-dags`, and one that fails."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.real.listeners import Mail, Webhook, heard
from tests.real.local_checkout import Checkout
from tests.real.waiting import until

pytestmark = [pytest.mark.xdist_group("local"), pytest.mark.timeout(900)]
FAILING = """
from airflow.sdk import dag, task
from common.alerts import tell_of_failure


@dag(schedule=None, default_args={"on_failure_callback": tell_of_failure})
def failing():
    @task
    def fail():
        raise ValueError("the source is empty")

    fail()


failing()
"""


@pytest.fixture(scope="module", autouse=True)
def failing_dag(fresh: tuple[Checkout, str]) -> Iterator[None]:
    """A DAG that fails, there from the start: Airflow looks for new files every half minute."""
    file = fresh[0].folder / "dags" / "failing.py"
    file.write_text(FAILING)
    yield
    file.unlink()


def test_every_kind_of_dag_runs_to_success_through_the_api(local: Checkout, api: httpx.Client) -> None:
    runs = {}
    dags = ("taskflow_pipeline", "notebook_report", "settings_reader", "deferred_wait", "canary")
    until(lambda: all(api.get(f"/dags/{dag}").is_success for dag in dags), "all are there")
    for dag in dags:
        api.patch(f"/dags/{dag}", json={"is_paused": False}).raise_for_status()
        run = api.post(f"/dags/{dag}/dagRuns", json={"logical_date": None, "conf": {}}).raise_for_status().json()
        runs[dag] = f"/dags/{dag}/dagRuns/{run['dag_run_id']}"

    def ended() -> dict[str, str] | None:
        states = {dag: api.get(path).json()["state"] for dag, path in runs.items()}
        return states if set(states.values()) <= {"success", "failed"} else None

    assert until(ended, "all runs end") == dict.fromkeys(runs, "success")
    (kept,) = (local.folder / ".airflow" / "home" / "notebooks").glob("orders-*.ipynb")
    cells = json.loads(kept.read_text())["cells"]
    assert "south" in json.dumps(cells[-1]["outputs"]), "the kept notebook holds its last cell's table"
    read = api.get(f"{runs['settings_reader']}/taskInstances/read/xcomEntries/return_value").json()["value"]
    assert "Orders by region" in str(read)
    waited = api.get(f"{runs['deferred_wait']}/taskInstances/wait").json()
    assert waited["pid"] is None, "no worker ran it: where one defers, Airflow may lose a trigger that fires at once"


def test_make_run_shows_the_logs_and_the_failure(local: Checkout) -> None:
    done = local.make("run", "DAG=taskflow_pipeline", 'CONF={"orders": 7}')
    assert done.returncode == 0, done.stdout
    assert "✓ load success" in done.stdout
    assert "'orders'" not in done.stdout
    assert local.make("run", "DAG=nope").returncode == 2
    refused = local.make("run", "DAG=taskflow_pipeline", 'CONF={"orders": 0}')
    assert refused.returncode == 2
    assert "orders" in refused.stdout
    listed = local.make("run", "DAG=taskflow_pipeline", "CONF=[7]")
    assert "CONF=[7]: must be a JSON object" in listed.stdout
    assert "Traceback" not in refused.stdout


def test_check_dags_passes_here_and_finds_what_is_wrong(local: Checkout) -> None:
    done = local.make("check-dags")
    assert done.returncode == 0, done.stdout
    assert "0 errors; flake8: clean" in done.stdout
    wrong = local.folder / "dags" / "wrong.py"
    wrong.write_text('from airflow.sdk import dag\nimport no_such_module\nx = "' + "y" * 130 + '"\n')
    try:
        done = local.make("check-dags")
    finally:
        wrong.unlink()
    assert done.returncode == 2  # make's own, for any failure
    assert "No module named 'no_such_module'" in done.stdout
    assert "E501" in done.stdout
    assert "F401" in done.stdout


def test_a_failed_task_tells_slack_and_mail(local: Checkout, api: httpx.Client) -> None:
    good = local.secret.read_text()
    with heard(Webhook) as slack, heard(Mail) as mail:
        local.secret.write_text(
            "airflow:\n  connections:\n"
            f"    - {{id: slack_default, type: slackwebhook, host: 'http://127.0.0.1:{slack.port}', password: T0/B0}}\n"
            f"    - {{id: smtp_default, type: smtp, host: 127.0.0.1, port: {mail.port},\n"
            "       extra: {from_email: airflow@example.org, disable_ssl: true, disable_tls: true}}\n"
            "  variables: {alerts_to: oncall@example.org}\n"
        )
        try:
            assert local.make("apply-secret", "STACK=local").returncode == 0
            until(lambda: api.get("/dags/failing").status_code == 200, "the new DAG is found")
            done = local.make("run", "DAG=failing")
        finally:
            local.secret.write_text(good)
            assert local.make("apply-secret", "STACK=local").returncode == 0
    assert done.returncode != 0
    assert "ValueError: the source is empty" in done.stdout
    assert "failing failed after" in done.stdout
    assert "failing: task fail failed" in slack.text
    assert "the source is empty" in slack.text
    assert "To: oncall@example.org" in mail.text
    assert "failing: task fail failed" in mail.text
