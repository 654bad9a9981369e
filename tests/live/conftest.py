"""The cluster, and one release with KubernetesExecutor that several files look at, made step by step."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.cluster import Cluster
from tests.live import policies
from tests.live.api import Api
from tests.live.dags import DAG
from tests.live.git_server import GitServer
from tests.live.site import IMAGE, JOB, Site
from tests.live.standing import is_airflow, needs_charts, own_site, serve

ENFORCED = pytest.StashKey[bool]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Whether what was seen was seen with NetworkPolicies enforced."""
    if (found := config.stash.get(ENFORCED, None)) is not None:
        said = "enforced" if found else "not enforced: what was seen says nothing about clusters that do"
        terminalreporter.write_line(f"NetworkPolicies on this cluster: {said}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def api_server(pytestconfig: pytest.Config) -> Cluster:
    """The API server of KUBECONFIG's current context, for what needs no node."""
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
def cluster(api_server: Cluster, pytestconfig: pytest.Config) -> Cluster:
    """The cluster of KUBECONFIG's current context. Any will do: kind, minikube, …"""
    found = api_server
    enforced = pytestconfig.stash[ENFORCED] = policies.enforced(found, IMAGE)
    if os.environ.get("POLICIES") == "enforced" and not enforced:
        pytest.exit("POLICIES=enforced, and this cluster lets through what a NetworkPolicy denies", returncode=2)
    return found


@pytest.fixture(scope="session")
def policies_enforced(cluster: Cluster, pytestconfig: pytest.Config) -> bool:
    """Whether the cluster enforces NetworkPolicies."""
    return pytestconfig.stash[ENFORCED]


@pytest.fixture(scope="session")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything up to the bootstrap, which the first test makes."""
    with own_site(cluster, tmp_path_factory.mktemp("stacks"), {"logs": {"kind": "share"}}) as site:
        site.bring_up(until=lambda resource: resource.type == JOB)
        yield site


@pytest.fixture(scope="session")
def migrated(site: Site) -> Site:
    site.bring_up(until=is_airflow)
    return site


@pytest.fixture(scope="session")
def git(migrated: Site) -> GitServer:
    return serve(migrated, first=DAG.format(name="first"))


@pytest.fixture(scope="session")
def api(migrated: Site, git: GitServer) -> Iterator[Api]:
    needs_charts("airflow")
    migrated.bring_up()
    made = Api(migrated)
    yield made
    made.close()
