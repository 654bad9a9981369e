import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ops.cluster import Cluster


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
