"""Which planned resource names which other one: Kubernetes objects by kind, namespace and name, clouds' by their ids.

What a provider computes arrives as a value of another resource, and is a dependency by itself. Found here is what the
program knows beforehand and writes as text, where nothing but an option says that one waits for the other.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from infra.preview.model import PROVIDER_PREFIX, Plan, Resource

RELEASE = "kubernetes:helm.sh/v3:Release"

#: The last keys of a path → the kind that stands there by name.
NAMED: dict[tuple[str, ...], str] = {
    ("serviceAccountName",): "ServiceAccount",
    ("serviceAccount", "name"): "ServiceAccount",
    ("priorityClassName",): "PriorityClass",
    ("storageClassName",): "StorageClass",
    ("storageClass",): "StorageClass",
    ("claimName",): "PersistentVolumeClaim",
    ("existingClaim",): "PersistentVolumeClaim",
    ("volumeName",): "PersistentVolume",
    ("secretName",): "Secret",
    ("existingSecret",): "Secret",
    ("secretKeyRef", "name"): "Secret",
    ("secretRef", "name"): "Secret",
    ("secretTargetRef", "name"): "Secret",
    ("nodeStageSecretRef", "name"): "Secret",
    ("imagePullSecrets", "name"): "Secret",
    ("alertmanagerSpec", "secrets"): "Secret",
    ("configMap", "name"): "ConfigMap",
    ("configMapRef", "name"): "ConfigMap",
    ("configMapKeyRef", "name"): "ConfigMap",
    ("ingressClassName",): "IngressClass",
    ("annotations", "cert-manager.io/cluster-issuer"): "ClusterIssuer",
    ("backend", "service", "name"): "Service",
    ("airflowConfigAnnotations", "airflow-platform/task-pods-end-with-name"): "ConfigMap",
    ("authenticationRef", "name"): "TriggerAuthentication",
    ("policyName",): "ValidatingAdmissionPolicy",
    ("namespace",): "Namespace",
    ("namespaceOverride",): "Namespace",
    ("searchNamespace",): "Namespace",
    ("kubernetesCRD", "namespaces"): "Namespace",
    ("kubernetesIngress", "namespaces"): "Namespace",
    ("namespaceSelector", "matchNames"): "Namespace",
    ("namespaceSelector", "matchLabels", "kubernetes.io/metadata.name"): "Namespace",
}
#: Objects that say the kind of what they name themselves.
TYPED = ("roleRef", "subjects", "scaleTargetRef", "issuerRef")
#: An API group that a chart brings → the chart.
BROUGHT = {"monitoring.coreos.com": "kube-prometheus-stack", "cert-manager.io": "cert-manager", "keda.sh": "keda"}
#: Keys at or below which a name is none: a label, a container's or a port's own name, a driver's parameter or attribute
#: (a share of the cloud's), and what Kubernetes itself writes back. A StatefulSet's `serviceName` is a part of its
#: pods' host names; a Service that it waited for would wait for those pods.
NO_REFERENCE = {
    *("labels", "matchLabels", "selector", "ports", "parameters", "claimRef", "serviceName", "fullnameOverride"),
    *("args", "command", "volumeAttributes", "branch", "ref"),
}
OWN_NAMES = (("containers", "name"), ("env", "name"), ("env", "value"), ("volumes", "name"), ("volumeMounts", "name"))
CLUSTER_SCOPED = {
    *("Namespace", "PriorityClass", "StorageClass", "PersistentVolume", "IngressClass", "ClusterIssuer"),
    "ValidatingAdmissionPolicy",
}


@dataclass(frozen=True)
class Reference:
    """`referrer` names `referred` at `path` of its inputs."""

    referrer: Resource
    path: str
    referred: Resource


@dataclass(frozen=True)
class _Leaf:
    path: tuple[str, ...]
    holder: Mapping[str, Any]
    text: str


def references(plan: Plan) -> list[Reference]:
    """Every one between two resources of the plan."""
    found = [*_in_kubernetes(plan), *_by_group(plan), *_by_cloud_id(plan), *_bound_accounts(plan)]
    return [one for one in found if one.referrer is not one.referred]


def referrers_wait(plan: Plan) -> Iterator[str]:
    """What names another resource waits for it, so that `destroy` deletes it first."""
    for one in references(plan):
        if one.referred.urn not in plan.reach(one.referrer.urn):
            yield f"{one.referrer.urn}: {one.path} names {one.referred.urn}, and does not wait for it"


def references_are_known(plan: Plan) -> Iterator[str]:
    """The rule above overlooks no key: whatever else holds an object's given name is no reference."""
    names = {_given(one) for one in plan if _kubernetes(one) and one.type != RELEASE} - {None}
    for one in filter(_kubernetes, plan):
        for leaf in _leaves(one.inputs):
            own = leaf.path in (("metadata", "name"), ("name",), ("chart",)) or leaf.path[-2:] in OWN_NAMES
            if leaf.text in names and not own and _kind_at(leaf) is None and not NO_REFERENCE & set(leaf.path):
                yield f"{one.urn}: {'.'.join(leaf.path)} is {leaf.text!r}: a reference?"


def _in_kubernetes(plan: Plan) -> Iterator[Reference]:
    made = dict(_made(plan))
    for one in plan:
        if not _kubernetes(one):
            continue
        for leaf in _leaves(one.inputs):
            kind = _kind_at(leaf)
            if kind is None:
                continue
            space = None if kind in CLUSTER_SCOPED else _space(one, leaf)
            referred = made.get((kind, space, leaf.text)) or _of_a_chart(plan, kind, space, leaf.text)
            if referred is not None:
                yield Reference(one, ".".join(leaf.path), referred)


def _by_group(plan: Plan) -> Iterator[Reference]:
    """A custom resource names its kind, and the chart brings that."""
    charts = {one.inputs["chart"]: one for one in plan.of_type(RELEASE)}
    for one in plan:
        chart = charts.get(BROUGHT.get(one.type.removeprefix("kubernetes:").split("/")[0], ""))
        if _kubernetes(one) and chart is not None:
            yield Reference(one, "apiVersion", chart)


def _by_cloud_id(plan: Plan) -> Iterator[Reference]:
    """ARNs and resource ids that the program put together. In a policy they are patterns: nothing is looked up."""
    by_name = {(one.type.lower().split(":")[-1], name): one for one in plan for name in _cloud_names(one)}
    for one in plan:
        for leaf in _leaves(one.inputs):
            if leaf.text.startswith("{") or _kubernetes(one) or one.type.startswith(PROVIDER_PREFIX):
                continue
            for kind, name in _ids(leaf.text):
                referred = by_name.get((kind, name))
                if referred is not None:
                    yield Reference(one, ".".join(leaf.path), referred)


def _bound_accounts(plan: Plan) -> Iterator[Reference]:
    """The cloud's side of a service account names it, and its namespace."""
    made = dict(_made(plan))
    for one in plan:
        subject = one.inputs.get("subject")
        if one.type == "aws:eks/podIdentityAssociation:PodIdentityAssociation":
            space, name = one.inputs["namespace"], one.inputs["serviceAccount"]
        elif isinstance(subject, str) and subject.startswith("system:serviceaccount:"):
            space, name = subject.split(":")[2:]
        else:
            continue
        for key in (("Namespace", None, space), ("ServiceAccount", space, name)):
            if key in made:
                yield Reference(one, key[0], made[key])


def _made(plan: Plan) -> Iterator[tuple[tuple[str, str | None, str], Resource]]:
    """(kind, namespace, name) → what makes it, as far as the name is known."""
    for one in plan:
        if not _kubernetes(one):
            continue
        kind, name = one.type.rpartition(":")[2], _given(one)
        if name is not None:
            yield (kind, None if kind in CLUSTER_SCOPED else _own_space(one), name), one
        if kind == "Certificate":
            yield ("Secret", None, one.inputs["spec"]["secretName"]), one
        if kind == "Release":
            values = one.inputs.get("values", {})
            for made in (values.get("controller", {}).get("ingressClassResource", {}), values.get("ingressClass", {})):
                if isinstance(made, Mapping) and made.get("name"):
                    yield ("IngressClass", None, str(cast("Any", made)["name"])), one


def _of_a_chart(plan: Plan, kind: str, space: str | None, name: str) -> Resource | None:
    """What a chart makes begins with its release's name."""
    if kind not in ("Service", "StatefulSet", "Deployment"):
        return None
    releases = (one for one in plan.of_type(RELEASE) if one.inputs["namespace"] == space)
    return next((one for one in releases if name.startswith(f"{one.inputs['name']}-")), None)


def _kind_at(leaf: _Leaf) -> str | None:
    path = leaf.path
    if NO_REFERENCE & set(path) and "namespaceSelector" not in path:
        return None
    if path[-1] == "name" and len(path) > 1 and path[-2] in TYPED:
        return str(leaf.holder["kind"])
    if path[-1].endswith("SecretName"):
        return "Secret"
    return next((kind for keys, kind in NAMED.items() if path[-len(keys) :] == keys), None)


def _space(one: Resource, leaf: _Leaf) -> str | None:
    beside = leaf.holder.get("namespace")
    return beside if isinstance(beside, str) else _own_space(one)


def _own_space(one: Resource) -> str | None:
    where = one.inputs if one.type == RELEASE else one.inputs.get("metadata", {})
    space = where.get("namespace")
    return space if isinstance(space, str) else None


def _given(one: Resource) -> str | None:
    name = one.inputs.get("name") if one.type == RELEASE else one.inputs.get("metadata", {}).get("name")
    return name if isinstance(name, str) else None


def _kubernetes(one: Resource) -> bool:
    return one.custom and one.type.startswith("kubernetes:")


def _cloud_names(one: Resource) -> Iterator[str]:
    if one.custom and not _kubernetes(one):
        for key, value in one.inputs.items():
            if isinstance(value, str) and (key.lower().endswith("name") or key in ("identifier", "bucket")):
                yield value


def _ids(text: str) -> Iterator[tuple[str, str]]:
    """(type, name) of an ARN, or of each level of an Azure resource id."""
    if text.startswith("arn:"):
        kind, slash, name = text.split(":", 5)[-1].partition("/")
        yield (kind.lower(), name) if slash else ("bucket", kind)
    elif text.startswith("/subscriptions/"):
        for kind, name in re.findall(r"/([A-Za-z]+)/([^/]+)", text):
            yield kind.lower().removesuffix("s"), name


def _leaves(value: Any, path: tuple[str, ...] = (), holder: Mapping[str, Any] | None = None) -> Iterator[_Leaf]:
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, Any]", value)
        for key, item in inner.items():
            yield from _leaves(item, (*path, key), inner)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _leaves(item, path, holder)
    elif isinstance(value, str) and path:
        yield _Leaf(path, holder or {}, value)
