"""A small stack of one release on a real cluster: the plan's own objects, applied in the plan's own order.

The image that Airflow and the git server run is AIRFLOW_IMAGE (by default the official one, which the cluster pulls).
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra import versions
from infra.cloud.existing import postgres
from infra.names import Names
from infra.preview import planning
from infra.preview.model import Plan, Resource
from infra.preview.planning import ROOT
from infra.settings import SECRETS
from ops.cluster import Cluster
from tests.certificates import Pem, issue
from tests.live import revealed
from tests.live.objects import ordered
from tests.program.stacks import UNKNOWN

IMAGE = os.environ.get("AIRFLOW_IMAGE", f"{versions.AIRFLOW_IMAGE}:{versions.AIRFLOW_IMAGE_TAG}")
RELEASE = "kubernetes:helm.sh/v3:Release"
JOB = "kubernetes:batch/v1:Job"
ADMIN_PASSWORD = "live-administrator-1"
SETTINGS = "airflow: {variables: {from_settings: seen}}\n"
SMALL = {"cpu": "20m", "cpuLimit": "2", "memory": "1Gi"}


@dataclass
class Site:
    """What the tests talk to. `settled` holds the URNs that are on the cluster already, `given` the secrets by key."""

    cluster: Cluster
    prefix: str
    stacks: Path
    release: dict[str, Any]
    platform: dict[str, Any] = field(default_factory=dict[str, Any])
    cloud: dict[str, Any] = field(default_factory=dict[str, Any])
    settled: set[str] = field(default_factory=set[str])
    given: dict[str, str] = field(default_factory=lambda: {"adminPassword": ADMIN_PASSWORD, "settings": SETTINGS})
    plan: Plan = field(init=False)
    pem: Pem = field(init=False)

    def __post_init__(self) -> None:
        self.names = Names("airflow", "local", self.prefix)
        self.pem = issue(*postgres.hosts(self.names))
        # A plan numbers the secrets that it makes up: given once, they stay what they are when one of them changes.
        made_up = [key.partition(":")[2] for key in self.planned().missing_secrets]
        self.given |= {key: SECRETS[key.rpartition(".")[2]].placeholder(n) for n, key in enumerate(made_up)}
        self.plan = self.planned()

    @property
    def namespace(self) -> str:
        return f"{self.prefix}-airflow"

    def planned(self, **secrets: str) -> Plan:
        """The plan of the stack, with these secrets in place of the usual ones."""
        lead = dict(zip(self.cluster.leads[::2], self.cluster.leads[1::2], strict=True))
        text = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
        config = text["config"]
        config["airflow:prefix"] = self.prefix
        config["airflow:cloud"] |= {"kubeconfig": lead["--kubeconfig"], "context": lead["--context"], **self.cloud}
        components = ("scheduler", "apiServer", "dagProcessor", "triggerer", "worker", "statsd", "redis", "flower")
        config["airflow:figures"] = {
            **{name: SMALL for name in components},
            "tasks": {"cpu": "20m", "cpuLimit": "2", "memory": "768Mi"},
        }
        config["airflow:platform"] |= self.platform
        config["airflow:releases"] = [{"name": "main", "namespace": self.namespace, "path": "/main", **self.release}]
        (self.stacks / "Pulumi.local.yaml").write_text(yaml.safe_dump(text))
        return revealed.plan(planning.Request("local", self.stacks, secrets={**self.given, **secrets}))

    def apply(self, *objects: dict[str, Any]) -> None:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.cluster.run("apply", "--server-side", "--force-conflicts", "-f", "-", given=text)

    def bring_up(self, until: Callable[[Resource], bool] = lambda _: False) -> None:
        """Apply what is not there yet, each object after all that it waits for; `until` holds for the first not to."""
        for resource in ordered(self.plan):
            if until(resource):
                return
            if resource.urn in self.settled or not resource.custom or not resource.type.startswith("kubernetes:"):
                continue
            self.make(resource.type, self.manifest(resource))
            self.settled.add(resource.urn)

    def make(self, kind: str, inputs: dict[str, Any]) -> None:
        """Make or change an object or a Helm release, and wait as the provider does."""
        if kind == RELEASE:
            self.install(inputs)
        else:
            self.apply(inputs)
            self._await(kind, inputs)

    def manifest(self, resource: Resource) -> dict[str, Any]:
        """The object, with what only a provider knows filled in."""

        def fill(value: Any, path: tuple[str, ...]) -> Any:
            if value == UNKNOWN:
                server = {"tls.crt": self.pem.certificate, "tls.key": self.pem.key}
                return {"stringData": server, "ca.crt": self.pem.ca, "ca.pem": self.pem.ca, **server}[path[-1]]
            if isinstance(value, dict):
                return {key: fill(item, (*path, key)) for key, item in value.items()}
            return [fill(item, path) for item in value] if isinstance(value, list) else value

        return fill(dict(resource.inputs), ())

    def _await(self, kind: str, inputs: dict[str, Any], timeout: int = 300) -> None:
        name, namespace = inputs["metadata"]["name"], inputs["metadata"].get("namespace", "")
        if kind == "kubernetes:apps/v1:StatefulSet":
            self.cluster.run("rollout", "status", f"statefulset/{name}", "-n", namespace, f"--timeout={timeout}s")
        if kind == JOB:
            state = self.job(name, namespace, timeout)
            assert state == "Complete", f"{name}: {state}\n{self.log(f'job/{name}', namespace)}"

    def job(self, name: str, namespace: str, timeout: int = 300) -> str:
        """How a Job ended."""
        for _ in range(timeout):
            status = self.cluster.get("job", name, "-n", namespace).get("status", {})
            for condition in status.get("conditions", []):
                if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
                    return condition["type"]
            time.sleep(1)
        return "neither complete nor failed in time"

    def log(self, what: str, namespace: str) -> str:
        return self.cluster.run("logs", what, "-n", namespace, "--all-containers", "--tail=60")

    def install(self, inputs: Mapping[str, Any]) -> None:
        """Helm as the provider runs it: these values, waiting for every pod."""
        chart = os.environ[f"{inputs['chart'].upper()}_CHART"]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(inputs["values"], file)
            file.flush()
            command = ["helm", "upgrade", "--install", inputs["name"], chart, "--namespace", inputs["namespace"]]
            leads = [item.replace("--context", "--kube-context") for item in self.cluster.leads]
            options = ["--values", file.name, "--wait", "--timeout", "600s"]
            done = subprocess.run([*command, *options, *leads], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + self.cluster.run("get", "pods", "-n", self.namespace)

    def place(self, resource: Resource) -> tuple[str, str]:
        metadata = resource.inputs["metadata"]
        return metadata["name"], metadata.get("namespace", "")

    def named(self, kind: str, name: str) -> Resource:
        """The plan's resource of this kind and logical name."""
        return next(one for one in self.plan if one.type.endswith(f":{kind}") and one.name == name)

    def remove(self) -> None:
        """Every namespace of the plan, the git server's, and what stands outside of namespaces."""
        namespaces = [self.place(one)[0] for one in self.plan.of_type("kubernetes:core/v1:Namespace")]
        for namespace in (*namespaces, f"{self.prefix}-git"):
            self.cluster.run("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
        self.cluster.run("delete", "priorityclass,persistentvolume", "-l", f"live={self.prefix}", "--ignore-not-found")
        classes = (self.names.resource("airflow"), self.names.resource("platform"))
        self.cluster.run("delete", "priorityclass", *classes, "--ignore-not-found")
