"""One stack from a fresh clone to nothing left, on any Kubernetes. KEEP=1 leaves it standing where a test failed."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from ops.cluster import Cluster
from tests.e2e.clone import FOLDER, Clone
from tests.e2e.leftovers import standing
from tests.e2e.trial import Trial
from tests.live import policies
from tests.live.site import IMAGE

NEEDS = (
    "make e2e needs: pulumi with its pulumi-language-python, kubectl and git on the PATH; KUBECONFIG with a current\n"
    "context, of a cluster whose node mounts this checkout at NODE_FOLDER (/airflow; docs/existing.md says how), that\n"
    "enforces NetworkPolicies and has a default storage class; AIRFLOW_IMAGE and NEXT_IMAGE, two images with the\n"
    "pinned Airflow that it can run (`make image`).\n"
)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    missing = [name for name in ("pulumi", "pulumi-language-python", "kubectl", "git") if not shutil.which(name)]
    missing += [name for name in ("KUBECONFIG", "NEXT_IMAGE") if not os.environ.get(name)]
    if missing:
        pytest.exit(f"missing: {', '.join(missing)}\n{NEEDS}", returncode=2)
    command = ["kubectl", "config", "current-context"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.exit(f"KUBECONFIG={os.environ['KUBECONFIG']} has no current context\n{NEEDS}", returncode=2)
    found = Cluster(("--kubeconfig", os.environ["KUBECONFIG"], "--context", done.stdout.strip()))
    found.run("get", "--raw", "/readyz")
    if not policies.enforced(found, IMAGE):
        pytest.exit(f"this cluster lets through what a NetworkPolicy denies\n{NEEDS}", returncode=2)
    return found


@pytest.fixture(scope="session")
def before(cluster: Cluster) -> set[str]:
    """What stands on the cluster without the stack."""
    return standing(cluster)


@pytest.fixture(scope="session")
def trial(cluster: Cluster, before: set[str], pytestconfig: pytest.Config) -> Iterator[Trial]:
    made = Trial(Clone.make(FOLDER), cluster)
    try:
        made.set_up()
        yield made
    finally:
        made.report(FOLDER / "changes.md")
        if not os.environ.get("KEEP") and standing(cluster) - before:
            made.clone.make_verb("destroy", "ARGS=--yes")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was seen of each change."""
    report = FOLDER / "changes.md"
    if report.exists():
        terminalreporter.write_line(report.read_text())
        terminalreporter.write_line(f"all that was run, and what it said: {FOLDER / 'log.txt'}")
