"""kubectl on a stack's own cluster: with the kubeconfig and context that the stack names, never the ambient ones."""

import json
import os
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from infra.preview import planning
from infra.settings.existing import ExistingCloud
from ops.errors import OpsError
from ops.stack import Stack
from ops.terminal import patiently


@dataclass(frozen=True)
class Cluster:
    """Runs kubectl with what leads to the cluster."""

    leads: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])

    def command(self, *arguments: str) -> list[str]:
        """The whole command line."""
        return ["kubectl", *self.leads, *arguments]

    def run(self, *arguments: str, given: str = "") -> str:
        """What kubectl printed. Raises OpsError with its words where it failed."""
        done = _run(self.command(*arguments), self.environment, given)
        if done.returncode:
            raise OpsError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get … -o json`."""
        return cast("dict[str, Any]", json.loads(self.run("get", *arguments, "-o", "json")))

    def follow(self, *arguments: str) -> int:
        """Run kubectl on the user's terminal; its exit code."""
        try:
            return patiently(self.command(*arguments), env=self.environment)
        except FileNotFoundError:
            raise _missing("kubectl") from None

    @property
    def environment(self) -> dict[str, str]:
        """This process's, with what leads to the cluster."""
        return {**os.environ, **self.env}


@contextmanager
def cluster_of(stack: Stack) -> Generator[Cluster]:
    """The stack's cluster. A kubeconfig that has to be made lies in a folder of mode 0700 and is gone afterwards."""
    cloud = stack.settings.cloud
    if isinstance(cloud, ExistingCloud) and cloud.kubeconfig != "secret":
        yield Cluster(("--kubeconfig", str(check_kubeconfig(stack.name, cloud)), "--context", cloud.context))
        return
    with tempfile.TemporaryDirectory(prefix="airflow-kubeconfig-") as folder:
        path = Path(folder) / "kubeconfig"
        path.touch(mode=0o600)
        if isinstance(cloud, ExistingCloud):
            path.write_text(stack.get_secret("kubeconfig"))
            yield Cluster(("--kubeconfig", str(path), "--context", cloud.context))
            return
        env = {"KUBECONFIG": str(path)}
        command = _kubeconfig_command(stack)
        done = _run(["bash", "-c", command], {**os.environ, **env})  # Azure's is two commands
        if done.returncode:
            raise OpsError(f"`{command}` failed: {done.stderr.strip()}")
        yield Cluster(env=env)


def _kubeconfig_command(stack: Stack) -> str:
    """As the stack exports it; as it will, where a first `up` was killed before the end, when all is exported."""
    exported = stack.outputs().get("kubeconfigCommand")
    return str(exported or planning.make(planning.Request(stack.name, stack.folder)).plan.outputs["kubeconfigCommand"])


def check_kubeconfig(stack: str, cloud: ExistingCloud) -> Path:
    """The file that the settings name. Raises OpsError where it is not there or has no such context."""
    path = Path(cloud.kubeconfig).expanduser()
    try:
        contexts: list[dict[str, Any]] = yaml.safe_load(path.read_text()).get("contexts") or []
        known = {str(context["name"]) for context in contexts}
    except OSError as error:
        raise OpsError(f"airflow:cloud.kubeconfig of {stack} names {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError):
        raise OpsError(f"airflow:cloud.kubeconfig of {stack} names {path}, which is no kubeconfig") from None
    if cloud.context not in known:
        there = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise OpsError(f"airflow:cloud.context of {stack}: {path} has no context {cloud.context}; {there}")
    return path


def _run(command: list[str], env: Mapping[str, str], given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, env=env, input=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise _missing(command[0]) from None


def _missing(program: str) -> OpsError:
    return OpsError(
        f"{program} is not on the PATH of this machine; its own documentation says how to get it "
        '(for kubectl the page "Install Tools" of the Kubernetes documentation)'
    )
