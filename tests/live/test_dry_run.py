"""Every Kubernetes object of every shipped stack, judged by a real API server without being made.

It knows more than a schema: field rules, immutable pairs, quantities, label and name syntax, and by its warnings what
Pod Security's level of the namespace would refuse. Custom resources are left out: their kinds are not there.
"""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview import planning
from infra.preview.model import Plan, Resource
from infra.preview.planning import ROOT
from ops.cluster import Cluster
from tests.charts.combinations import EXECUTORS, Case
from tests.charts.rendering import parsed, template
from tests.live import revealed
from tests.live.standing import needs_charts
from tests.program.stacks import SHIPPED, filled

CUSTOM = ("helm.sh/", "cert-manager.io/", "monitoring.coreos.com/", "keda.sh/", "traefik.io/")


@pytest.fixture(scope="module")
def stand_ins(cluster: Cluster) -> Iterator["StandIns"]:
    made = StandIns(cluster, f"live-{secrets.token_hex(3)}")
    yield made
    made.remove()


class StandIns:
    """Empty namespaces, one for each Pod Security level: an object can't be judged in a namespace that is not there."""

    def __init__(self, cluster: Cluster, prefix: str) -> None:
        self._cluster, self._prefix = cluster, prefix
        self._made: set[str] = set()

    def of(self, level: str) -> str:
        """The namespace whose pods are held to this level."""
        name = f"{self._prefix}-{level}"
        if name not in self._made:
            labels = {f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn")}
            metadata = {"name": name, "labels": labels}
            self.run("create", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
            self._made.add(name)
        return name

    def refused(self, *manifests: dict[str, Any]) -> list[str]:
        """What the API server has against the objects; empty where nothing."""
        objects = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        return self.run("apply", objects, "--server-side", "--dry-run=server", "--warnings-as-errors")

    def run(self, verb: str, manifest: dict[str, Any], *options: str) -> list[str]:
        command = self._cluster.command(verb, *options, "-f", "-")
        done = subprocess.run(command, input=json.dumps(manifest), capture_output=True, text=True, check=False)
        return done.stderr.strip().splitlines() if done.returncode else []

    def remove(self) -> None:
        if self._made:
            self._cluster.run("delete", "namespace", *sorted(self._made), "--wait=false")


def objects(plan: Plan) -> Iterator[Resource]:
    for resource in plan:
        kind = resource.type.removeprefix("kubernetes:")
        if resource.custom and kind != resource.type and not kind.startswith(CUSTOM):
            yield resource


def levels(plan: Plan) -> dict[str, str]:
    """Namespace → its Pod Security level."""
    spaces = [one.inputs["metadata"] for one in plan.of_type("kubernetes:core/v1:Namespace")]
    return {space["name"]: space["labels"]["pod-security.kubernetes.io/enforce"] for space in spaces}


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
@pytest.mark.guarantee("containers are confined")
def test_the_api_server_takes_every_object_of_a_shipped_stack(stand_ins: StandIns, stack: str, stacks: str) -> None:
    plan = revealed.plan(planning.Request(stack, Path(ROOT, stacks)))
    held, manifests = levels(plan), list[dict[str, Any]]()
    for resource in objects(plan):
        manifest = filled(resource.inputs)
        # Before its cluster is there, a plan knows no name that the provider makes.
        manifest["metadata"].setdefault("name", resource.name)
        manifests.append(manifest)
        if namespace := manifest["metadata"].get("namespace"):
            manifest["metadata"]["namespace"] = stand_ins.of(held[namespace])
    assert stand_ins.refused(*manifests) == []
    assert len(manifests) > 40, "namespaces, policies, accounts, Secrets, Jobs"


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.guarantee("containers are confined")
def test_the_api_server_takes_what_the_chart_renders(stand_ins: StandIns, executor: str, tmp_path: Path) -> None:
    needs_charts("airflow")
    rendered = parsed(template(os.environ["AIRFLOW_CHART"], Case(executor, dags="git-ssh").values(), tmp_path))
    tasks = [text for one in rendered if (text := one.get("data", {}).get("pod_template_file.yaml"))]
    manifests = [*rendered, *map(_job, tasks)]
    for manifest in manifests:
        manifest["metadata"]["namespace"] = stand_ins.of("restricted")
        for subject in manifest.get("subjects", ()):
            subject["namespace"] = stand_ins.of("restricted")
    assert stand_ins.refused(*manifests) == []


def _job(pod: str) -> dict[str, Any]:
    """A task's pod as a template: a pod itself would be asked for its service account."""
    spec = {"template": {"spec": yaml.safe_load(pod)["spec"]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "task"}, "spec": spec}


def test_what_breaks_a_rule_is_refused(stand_ins: StandIns) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x", "namespace": stand_ins.of("restricted")}}

    def refused(restart_policy: str) -> str:
        pod = {"containers": [{"name": "x", "image": "x:1"}], "restartPolicy": restart_policy}
        return "\n".join(stand_ins.refused({**job, "spec": {"template": {"spec": pod}}}))

    assert "would violate PodSecurity" in refused("Never")
    assert "restartPolicy" in refused("Always")
