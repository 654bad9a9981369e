"""The cluster, and one release with KubernetesExecutor that several files look at, made step by step."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.cluster import Cluster
from tests.live import volumes
from tests.live.api import Api
from tests.live.dags import DAG
from tests.live.git_server import GitServer, trusting
from tests.live.site import IMAGE, JOB, RELEASE, Site


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """The cluster of KUBECONFIG's current context. Any will do: kind, minikube, …"""
    if "live" not in pytestconfig.option.markexpr:
        pytest.skip("makes objects in a cluster, so it has to be asked for: `make test-live`, or pytest -m live")
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig or not shutil.which("kubectl"):
        pytest.skip("no KUBECONFIG, or no kubectl on PATH: `make test-live` needs a Kubernetes cluster")
    context = subprocess.run(
        ["kubectl", "config", "current-context"], capture_output=True, text=True, check=True
    ).stdout.strip()
    found = Cluster(("--kubeconfig", kubeconfig, "--context", context))
    found.run("get", "--raw", "/readyz")
    return found


@pytest.fixture(scope="session")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything up to the bootstrap, which the first test makes."""
    prefix = f"live{secrets.token_hex(2)}"
    repository, _, tag = IMAGE.rpartition(":")
    git = GitServer.address(prefix)
    release: dict[str, Any] = {
        "image": {"repository": repository, "tag": tag},
        "dags": {"kind": "bundle", "repositories": [{"name": "dags", "repository": git}], "refreshSeconds": 10},
        "logs": {"kind": "share"},
        # One image less to pull; its labels and resources are checked where the chart is rendered.
        "values": {**trusting(), "statsd": {"enabled": False}},
    }
    site = Site(cluster, prefix, tmp_path_factory.mktemp("stacks"), release)
    try:
        volumes.make_where_there_is_no_class(site, IMAGE)
        site.bring_up(until=lambda resource: resource.type == JOB)
        yield site
    finally:
        site.remove()
        cluster.run("delete", "namespace", f"{prefix}-git", "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="session")
def migrated(site: Site) -> Site:
    site.bring_up(until=lambda resource: resource.type == RELEASE)
    return site


@pytest.fixture(scope="session")
def git(migrated: Site) -> GitServer:
    server = GitServer(migrated, IMAGE)
    server.start()
    server.push("first", DAG.format(name="first"))
    return server


@pytest.fixture(scope="session")
def api(migrated: Site, git: GitServer) -> Iterator[Api]:
    if not (shutil.which("helm") and os.environ.get("AIRFLOW_CHART")):
        pytest.skip("needs helm on the PATH and the chart in AIRFLOW_CHART")
    migrated.bring_up()
    made = Api(migrated)
    yield made
    made.close()
