"""Simulated Kubernetes clusters: one for each stack, with the objects that charts bring."""

import json
from collections.abc import Mapping
from typing import Any

from tests.engine.providers import wire
from tests.engine.providers.cloud import Cloud, Made, digits, marks
from tests.engine.providers.world import RefusedError

RELEASE = "kubernetes:helm.sh/v3:Release"
NAMESPACE = "kubernetes:core/v1:Namespace"
SERVICE = "kubernetes:core/v1:Service"
AUTONAMED = "pulumi.com/autonamed"
PRESENT = {"default", "kube-node-lease", "kube-public", "kube-system"}
#: API groups that a chart brings → the chart.
GROUPS = {"cert-manager.io": "cert-manager", "monitoring.coreos.com": "kube-prometheus-stack"}
INGRESS = [{"ip": "203.0.113.7", "hostname": "balancer.elb.eu-west-1.amazonaws.com"}]


class Kubernetes(Cloud):
    package = "kubernetes"

    def checked(self, urn: str, news: wire.Values, olds: wire.Values, seed: str) -> wire.Values:
        if wire.token(urn) == RELEASE:
            return news if "name" in news else {**news, "name": olds.get("name") or f"{wire.name(urn)}-{seed[:8]}"}
        metadata = dict(news.get("metadata") or {})
        if "name" in metadata or "generateName" in metadata:
            return news
        before = olds.get("metadata") or {}
        kept = before.get("name") if _autonamed(olds) else None
        metadata["name"] = kept or f"{wire.name(urn)}-{seed[:8]}"
        metadata["annotations"] = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}
        return {**news, "metadata": metadata}

    def identity(self, urn: str, inputs: Mapping[str, Any]) -> str | None:
        cluster = wire.stack(urn)
        if wire.token(urn) == RELEASE:
            return f"{cluster}: release {inputs.get('namespace')}/{inputs['name']}"
        metadata = inputs["metadata"]
        kind = f"{inputs.get('apiVersion', '').split('/')[0]} {inputs.get('kind')}"
        return f"{cluster}: {kind} {metadata.get('namespace', '')}/{metadata['name']}"

    def make(self, urn: str, inputs: Mapping[str, Any], shown: wire.Values, number: int) -> Made:
        if wire.token(urn) == RELEASE:
            where = {"name": inputs["name"], "namespace": inputs.get("namespace", "default")}
            status = {**where, "status": "deployed", "version": "1", "revision": 1}
            return Made(f"{where['namespace']}/{where['name']}", {**shown, "status": status, "resourceNames": {}})
        metadata = inputs["metadata"]
        id_ = f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else metadata["name"]
        added = {"uid": digits(urn, number, 32), "resourceVersion": str(number), "generation": 1}
        outputs = {**shown, "metadata": {**shown["metadata"], **added}}
        if wire.token(urn) == SERVICE:
            outputs["status"] = {"loadBalancer": {"ingress": INGRESS}}
        if wire.token(urn) == NAMESPACE:
            return Made(id_, outputs, frozenset({f'"namespace": {json.dumps(metadata["name"])}'}))
        return Made(id_, outputs, marks(metadata["name"]) if _autonamed(inputs) else frozenset())

    def outputs_of_update(self, urn: str, shown: wire.Values, before: Mapping[str, Any]) -> wire.Values:
        after = {**before, **shown}
        if wire.token(urn) != RELEASE:
            after["metadata"] = {**before["metadata"], **shown["metadata"]}
        return after

    def require(self, urn: str, inputs: Mapping[str, Any]) -> None:
        """A namespace has to be there, and for a custom resource the chart that brings its definition."""
        cluster = wire.stack(urn)
        release = wire.token(urn) == RELEASE
        space = inputs.get("namespace") if release else inputs["metadata"].get("namespace")
        made = {thing.inputs["metadata"]["name"] for thing in self.world.of_token(NAMESPACE, cluster)}
        if space and space not in made | PRESENT and not inputs.get("createNamespace"):
            raise RefusedError(f'namespaces "{space}" not found')
        chart = GROUPS.get(str(inputs.get("apiVersion", "")).split("/")[0])
        charts = {str(thing.inputs.get("chart")) for thing in self.world.of_token(RELEASE, cluster)}
        if chart and not any(chart in one for one in charts):
            raise RefusedError(f'no matches for kind "{inputs.get("kind")}" in version "{inputs["apiVersion"]}"')

    def deletes_first(self, token: str, old: wire.Values, new: wire.Values) -> bool:
        if token == RELEASE or _autonamed(new):
            return False
        keys = ("name", "namespace")
        return [old["metadata"].get(key) for key in keys] == [new["metadata"].get(key) for key in keys]

    def looked_up(self, urn: str, id_: str) -> Mapping[str, Any] | None:
        """The Service that a chart made, once its release stands."""
        space, _, name = id_.partition("/")
        releases = self.world.of_token(RELEASE, wire.stack(urn))
        if wire.token(urn) != SERVICE or not any(one.inputs.get("namespace") == space for one in releases):
            return None
        inputs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space}, "spec": {}}
        return {**inputs, "status": {"loadBalancer": {"ingress": INGRESS}}}

    def new_provider(self, changed: set[str], new: wire.Values) -> set[str]:
        """A kubeconfig or context counts only where no identifier says that the cluster is the same."""
        counts = (
            {"clusterIdentifier"} if new.get("clusterIdentifier") else {"clusterIdentifier", "kubeconfig", "context"}
        )
        return changed & counts


def _autonamed(inputs: Mapping[str, Any]) -> bool:
    return AUTONAMED in ((inputs.get("metadata") or {}).get("annotations") or {})
