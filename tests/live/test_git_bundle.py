"""DAGs by Airflow's git bundle from a repository behind a token: a run keeps its commit, a new one has the merge.

Needs what test_release.py needs.
"""

import json
import time
from collections.abc import Iterator

import pytest

from ops.cluster import Cluster
from tests.live.api import Api
from tests.live.git_server import GitServer
from tests.live.standing import needs_charts, own_prefix, own_site, serve

DAG = """
import time
from airflow.sdk import Variable, dag, task

@dag(schedule=None, catchup=False)
def versions():
    @task
    def first():
        return "{word}"

    @task
    def hold(word):
        for _ in range(150):
            if Variable.get("go_on", default="") == "now":
                return word
            time.sleep(1)
        raise RuntimeError("nobody said to go on")

    @task
    def last(word):
        return [word, "{word}"]

    last(hold(first()))

versions()
"""


@pytest.fixture(scope="module")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    needs_charts("airflow")
    prefix = own_prefix()
    repository = {"name": "dags", "repository": GitServer.address(prefix), "auth": "token"}
    release = {
        "dags": {"kind": "bundle", "repositories": [repository], "refreshSeconds": 5},
        "logs": {"kind": "share"},
    }
    with own_site(cluster, tmp_path_factory.mktemp("stacks"), release, prefix=prefix) as site:
        made = serve(site, token=site.given["gitToken"], versions=DAG.format(word="before"))
        site.bring_up()
        yield made


@pytest.fixture(scope="module")
def api(server: GitServer) -> Iterator[Api]:
    made = Api(server.site)
    yield made
    made.close()


def commit(api: Api) -> str:
    """The commit that new runs of the DAG would begin with."""
    return str(api.call("GET", "/api/v2/dags/versions")["bundle_version"])


def said(api: Api, run: str) -> list[str]:
    value = api.call("GET", f"/api/v2/dags/versions/dagRuns/{run}/taskInstances/last/xcomEntries/return_value")["value"]
    return value if isinstance(value, list) else json.loads(value)


def wait_for(what: str, seen: object, api: Api, path: str, key: str) -> None:
    for _ in range(120):
        if api.call("GET", path)[key] == seen:
            return
        time.sleep(1)
    raise AssertionError(f"{what} did not come within two minutes")


def test_a_run_keeps_the_commit_that_it_began_with(server: GitServer, api: Api) -> None:
    api.wait_for_dag("versions")
    before = commit(api)
    assert len(before) == 40
    run = api.trigger("versions")
    hold = f"/api/v2/dags/versions/dagRuns/{run}/taskInstances/hold"
    wait_for("the second task", "running", api, hold, "state")
    server.push("versions", DAG.format(word="after"))
    for _ in range(90):
        if (after := commit(api)) != before:
            break
        time.sleep(1)
    assert after != before, "a merge is live within a minute and a half"
    api.call("POST", "/api/v2/variables", {"key": "go_on", "value": "now"})
    assert api.ended("versions", run) == "success"
    assert said(api, run) == ["before", "before"], "its third task's pod cloned the commit of the run"
    assert api.call("GET", f"/api/v2/dags/versions/dagRuns/{run}")["bundle_version"] == before
    run, state = api.run("versions")
    assert state == "success"
    assert said(api, run) == ["after", "after"]
    assert api.call("GET", f"/api/v2/dags/versions/dagRuns/{run}")["bundle_version"] == after


def test_no_pod_shows_the_token(server: GitServer, api: Api) -> None:
    namespace = server.site.namespace
    assert server.token not in server.site.cluster.run("get", "pods", "-n", namespace, "-o", "json")
