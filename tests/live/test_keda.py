"""Celery's workers by KEDA: none while nothing is queued, and as many as the queued tasks need.

Needs what test_celery.py needs, and KEDA's chart (KEDA_CHART) on a cluster that aggregates APIs and has no KEDA yet.
"""

import subprocess
import time
from collections.abc import Iterator

import pytest

from ops.cluster import Cluster
from tests.live.api import Api
from tests.live.site import Site
from tests.live.standing import needs_charts, own_site, serve

SLEEP = """
import time
from airflow.sdk import dag, task

@dag(schedule=None, catchup=False)
def sleep():
    @task(retries=0)
    def nap(number: int) -> None:
        time.sleep(60)
    nap.expand(number=[1, 2])

sleep()
"""


@pytest.fixture(scope="module")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    needs_charts("airflow", "keda")
    if "scaledobjects.keda.sh" in cluster.run("get", "crd", "-o", "name"):
        pytest.skip("KEDA is on this cluster already, and there can be but one")
    celery = {"broker": "redis", "concurrency": 1, "flower": False, "keda": {"maxWorkers": 2}}
    release = {"executor": "CeleryExecutor", "celery": celery}
    claims = ("redis-db-main-redis-0", "logs-main-worker-0", "logs-main-worker-1")
    with own_site(cluster, tmp_path_factory.mktemp("stacks"), release, of_the_chart=claims) as site:
        try:
            serve(site, sleep=SLEEP)
            site.bring_up()
            yield site
        finally:
            # Only the operator takes its finalizers off: without it neither the objects nor their kinds would go.
            cluster.run("delete", "namespace", site.namespace, "--ignore-not-found")
            lead = [one.replace("--context", "--kube-context") for one in cluster.leads]
            command = ["helm", "uninstall", "keda", "--namespace", site.names.resource("keda"), "--ignore-not-found"]
            subprocess.run([*command, *lead], check=True, capture_output=True)


def workers(site: Site) -> int:
    """How many are wanted."""
    return site.cluster.get("statefulset", "main-worker", "-n", site.namespace)["spec"]["replicas"]


def reached(site: Site, count: int, timeout: int) -> bool:
    deadline = time.monotonic() + timeout
    while workers(site) != count and time.monotonic() < deadline:
        time.sleep(2)
    return workers(site) == count


def test_workers_come_with_the_tasks_and_go_after_them(site: Site) -> None:
    api = Api(site)
    try:
        ready = ("--for=condition=Ready", "scaledobject/main-worker", "-n", site.namespace, "--timeout=120s")
        site.cluster.run("wait", *ready)
        assert workers(site) == 0
        api.wait_for_dag("sleep")
        run = api.trigger("sleep")
        assert reached(site, 2, 120), "one worker for each queued task, over the metrics API"
        assert api.ended("sleep", run, 300) == "success"
    finally:
        api.close()
    # Its 5 minutes, and Kubernetes' 5 of hesitation before fewer, are a user's and not a test's.
    sooner = '{"spec": {"cooldownPeriod": 10}}'
    site.cluster.run("patch", "scaledobject", "main-worker", "-n", site.namespace, "--type=merge", "-p", sooner)
    assert reached(site, 0, 420)
