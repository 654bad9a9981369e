"""DAGs by git-sync from a repository behind a token: beside the DAG processor, and in a task's own pod.

Needs what test_release.py needs, and git-sync's image under the pinned name that the cluster has or pulls.
"""

from collections.abc import Iterator

import pytest

from ops.cluster import Cluster
from tests.live.api import Api
from tests.live.dags import DAG
from tests.live.git_server import GitServer, trusting
from tests.live.site import Site
from tests.live.standing import needs_charts, own_prefix, own_site, serve


@pytest.fixture(scope="module")
def server(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    needs_charts("airflow")
    prefix, trust = own_prefix(), trusting()
    sidecar = {"env": trust["env"], "extraVolumeMounts": trust["volumeMounts"]}
    release = {
        "dags": {"kind": "git", "repository": GitServer.address(prefix), "auth": "token", "periodSeconds": 5},
        "logs": {"kind": "share"},
        "values": {"volumes": trust["volumes"], "dags": {"gitSync": sidecar}, "statsd": {"enabled": False}},
    }
    with own_site(cluster, tmp_path_factory.mktemp("stacks"), release, prefix=prefix) as site:
        made = serve(site, token=site.given["gitToken"], first=DAG.format(name="first"))
        site.bring_up()
        yield made


@pytest.fixture(scope="module")
def api(server: GitServer) -> Iterator[Api]:
    made = Api(server.site)
    yield made
    made.close()


def test_a_task_reads_its_dag_from_the_repository(api: Api) -> None:
    api.wait_for_dag("first")
    assert api.run("first")[1] == "success"


def test_a_merged_dag_shows_within_a_minute(server: GitServer, api: Api) -> None:
    server.push("second", DAG.format(name="second"))
    assert api.wait_for_dag("second") < 60
    assert api.run("second")[1] == "success"


def test_no_pod_shows_the_token(server: GitServer, api: Api) -> None:
    site: Site = server.site
    assert server.token not in site.cluster.run("get", "pods", "-n", site.namespace, "-o", "json")
