"""A task that starts while no api-server answers, in a running `make up`: it waits, and fails nothing."""

import subprocess
import time

import httpx
import pytest

from tests.real.local_checkout import Checkout
from tests.real.waiting import until

pytestmark = [pytest.mark.xdist_group("local"), pytest.mark.timeout(900)]
AWAY = 20  # seconds, counted from the client's second try: Airflow's own would have ended within 15
ASK = "import sys; from local import supervisor; supervisor._call(sys.argv[1], 'airflow:api-server', False)"


def supervisor(local: Checkout, method: str) -> None:
    command = [str(local.folder / ".airflow/venv/bin/python"), "-c", ASK, method]
    subprocess.run(command, cwd=local.folder, check=True, capture_output=True)


@pytest.mark.guarantee("an api-server that is away")
def test_a_task_that_starts_while_no_api_server_answers_waits_for_one(local: Checkout, api: httpx.Client) -> None:
    until(lambda: api.get("/dags/canary").is_success, "the DAG is there")
    api.patch("/dags/canary", json={"is_paused": False}).raise_for_status()
    log = local.folder / ".airflow" / "logs" / "scheduler.log"
    before = log.stat().st_size
    supervisor(local, "stopProcess")
    try:
        until(lambda: not _answers(api), "the api-server is gone")
        triggered = local.make("shell", "CMD=airflow dags trigger canary --run-id bridged")
        assert triggered.returncode == 0, triggered.stdout
        tried = "2nd time calling it"
        until(lambda: tried in log.read_bytes()[before:].decode(), "the task's client tries again")
        time.sleep(AWAY)
    finally:
        supervisor(local, "startProcess")
    until(local.healthy, "Airflow is healthy again")
    path = "/dags/canary/dagRuns/bridged"
    until(lambda: api.get(path).json()["state"] in ("success", "failed"), "the run ends")
    assert api.get(path).json()["state"] == "success"
    tasks = api.get(f"{path}/taskInstances").json()["task_instances"]
    assert {task["try_number"] for task in tasks} == {1}


def _answers(api: httpx.Client) -> bool:
    try:
        return api.get("/version").is_success
    except httpx.TransportError:
        return False
