"""A task's log to S3 and back, as a release on AWS is configured: moto's S3, the real Amazon provider and its settings.

The pods of a release get their rights from the cloud; here the environment holds moto's made-up ones.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.airflow import world
from infra.airflow.config import environment
from infra.airflow.storage import values as storage_values
from infra.contracts import LogStore
from infra.settings import read
from tests.charts.combinations import Case
from tests.real.airflow_here import VENV, base_env
from tests.real.waiting import PATIENCE, until
from tests.unit.stacks import LOCAL, flat

STORE = LogStore("s3://acme-airflow-logs/main", "airflow_logs", {"conn_type": "aws"}, grant=None)
LINE = "a line of the task"
SCRIPT = f"""
import boto3, json, pathlib, types
from airflow.configuration import conf
from airflow.logging_config import get_remote_task_log
import airflow.settings
airflow.settings.configure_logging()
io = get_remote_task_log()
base = pathlib.Path(conf.get("logging", "base_log_folder"))
path = "dag_id=one/run_id=1/task_id=look/attempt=1.log"
local = base / path
local.parent.mkdir(parents=True)
local.write_text(json.dumps({{"event": "{LINE}", "level": "info"}}) + "\\n")
ti = types.SimpleNamespace(dag_id="one", task_id="look", run_id="1", try_number=1)
io.upload(path, ti)
keys = boto3.client("s3").list_objects_v2(Bucket="acme-airflow-logs")["Contents"]
keys = [one["Key"] for one in keys]
print(json.dumps({{"keys": keys, "kind": type(io).__name__, "local": local.exists(), "read": str(io.read(path, ti))}}))
"""


@pytest.fixture
def s3() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(url), "moto's S3")
        assert httpx.put(f"{url}/acme-airflow-logs", timeout=PATIENCE).status_code == 200
        yield url
    finally:
        server.terminate()
        server.wait()


def answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=5)
    except httpx.TransportError:
        return False
    return True


def test_a_log_is_written_to_the_store_and_read_back(s3: str, airflow_home: Path, tmp_path: Path) -> None:
    settings = read(flat(LOCAL))
    release = settings.releases[0]
    options = world.release_options(release, settings, "test", STORE)
    options["logging"]["base_log_folder"] = str(tmp_path / "logs")
    for folder in ("dags_folder", "plugins_folder"):
        options["core"][folder] = str(tmp_path)
    case = Case("kubernetes", logs="objectStore")
    given = case.inputs(case.settings())
    connection = {item["name"]: item["value"] for item in storage_values(release, given)["env"]}
    env = {
        **base_env(airflow_home, "sqlite://"),
        **environment(options),
        **connection,
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    done = subprocess.run([VENV / "bin" / "python", "-c", SCRIPT], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.strip().splitlines()[-1])
    assert seen["kind"] == "S3RemoteLogIO"
    assert not seen["local"], "what is in the store need not fill the pod's disk"
    assert LINE in seen["read"]
    assert seen["keys"] == ["main/dag_id=one/run_id=1/task_id=look/attempt=1.log"]
