"""A Helm release whose installer was killed blocks every later run, until `unlock-release` frees it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.versions import POSTGRES_IMAGE
from ops.cluster import Cluster
from tests.live.stack_file import OwnStack, own_stack

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: main
          image: %s
          command: [sleep, infinity]
          readinessProbe: {exec: {command: [test, {{ .Values.ready | quote }}, "=", "yes"]}, periodSeconds: 1}
"""


@pytest.fixture
def stack(cluster: Cluster, tmp_path: Path) -> Iterator[OwnStack]:
    if not shutil.which("helm"):
        pytest.skip("no helm on PATH")
    made = own_stack(cluster, tmp_path)
    namespace = made.names.resource("helm")
    cluster.run("create", "namespace", namespace)
    cluster.run(
        "label", "namespace", namespace, *(f"{key}={value}" for key, value in made.names.stack_labels().items())
    )
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: stuck\nversion: 1.0.0\n")
    (chart / "templates" / "deployment.yaml").write_text(DEPLOYMENT % POSTGRES_IMAGE)
    yield made
    cluster.run("delete", "namespace", namespace)


def helm(cluster: Cluster, stack: OwnStack, ready: str) -> subprocess.Popen[str]:
    lead = dict(zip(cluster.leads[::2], cluster.leads[1::2], strict=True))
    target = ["--kubeconfig", lead["--kubeconfig"], "--kube-context", lead["--context"]]
    namespace = ["--namespace", stack.names.resource("helm")]
    arguments = ["--install", "--wait", "--timeout", "60s", "--set-string", f"ready={ready}"]
    command = ["helm", "upgrade", "stuck", str(stack.folder / "chart"), *arguments, *target, *namespace]
    env = {**os.environ, "HELM_CACHE_HOME": str(stack.folder / "cache")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)


@pytest.mark.guarantee("a Helm install that was killed")
def test_a_killed_install_is_freed_and_goes_on(cluster: Cluster, stack: OwnStack) -> None:
    with helm(cluster, stack, "no") as killed:
        for _ in range(60):
            here = ("-n", stack.names.resource("helm"))
            if cluster.get("deployments", *here)["items"]:
                break
            time.sleep(0.5)
        killed.kill()
    with helm(cluster, stack, "yes") as refused:
        said = refused.communicate()[0]
        assert refused.returncode
        assert "in progress" in said
    freed = stack.verb("unlock-release", "--yes")
    assert freed.returncode == 0, freed.stderr
    assert "stuck: revision 1 is pending-install" in freed.stdout
    with helm(cluster, stack, "yes") as resumed:
        said = resumed.communicate()[0]
        assert resumed.returncode == 0, said
    again = stack.verb("unlock-release", "--yes")
    assert "no Helm release of local is pending" in again.stdout


@pytest.mark.guarantee("a Helm install that was interrupted")
def test_an_interrupted_install_has_failed_and_the_next_goes_on(cluster: Cluster, stack: OwnStack) -> None:
    here = ("-n", stack.names.resource("helm"))
    with helm(cluster, stack, "no") as interrupted:
        for _ in range(60):
            if cluster.get("deployments", *here)["items"]:
                break
            time.sleep(0.5)
        interrupted.send_signal(signal.SIGINT)
        interrupted.communicate(timeout=60)
    (record,) = cluster.get("secrets", *here, "-l", "owner=helm")["items"]
    assert record["metadata"]["labels"]["status"] == "failed"
    assert "no Helm release of local is pending" in stack.verb("unlock-release", "--yes").stdout
    with helm(cluster, stack, "yes") as resumed:
        said = resumed.communicate()[0]
        assert resumed.returncode == 0, said
