"""What must hold in every plan, whatever the settings (docs/guarantees.md, "Never true").

Each function takes a plan and returns what breaks its rule, as readable lines; empty is good.
Those of one cloud or layer stand in that layer's own tests.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from infra.preview.model import Plan, Resource
from tests.program.references import references_are_known, referrers_wait
from tests.program.stacks import SECRET, UNKNOWN, leaves, pod_specs

Invariant = Callable[[Plan], Iterator[str]]
RELEASE = "kubernetes:helm.sh/v3:Release"
SENSITIVE = re.compile(r"password|secret|token|connection|kubeconfig|credential|privatekey", re.IGNORECASE)
# Names, references, switches and documents about secrets hold none.
HARMLESS = re.compile(
    r"(name|names|id|ids|arn|arns|ref|type|class|kind|mode|path|version|hops|limit|enabled|policy|count|ttl|throttling|"
    r"namespace|tokens|auth|validation|py|seconds|usage|security|automountserviceaccounttoken|max_connections|method|endpoint|audience)$",
    re.IGNORECASE,
)


def secrets_are_secret(plan: Plan) -> Iterator[str]:
    """A value at a path that speaks of a secret is under the sentinel; no name, tag or argument holds one."""
    for resource in plan:
        for path, value in leaves(resource.inputs):
            key = path[-1] if path else ""
            if resource.type == "kubernetes:core/v1:Secret" and path[0] in ("data", "stringData"):
                if value != SECRET:
                    yield f"{resource.urn}: {'.'.join(path)} is not secret"
            elif isinstance(value, str) and SENSITIVE.search(key) and not HARMLESS.search(key) and "values" not in path:
                yield f"{resource.urn}: {'.'.join(path)} is in the clear"
            if value == SECRET and path and path[0] in ("tags", "metadata"):
                yield f"{resource.urn}: {'.'.join(path)} is a secret in a name, label or tag"


def helm_values_are_open(plan: Plan) -> Iterator[str]:
    """Release values hold no secret; unknown only where a name is made by a cluster that does not exist yet."""
    for release in plan.of_type(RELEASE):
        for path, value in leaves(release.inputs.get("values", {})):
            if value == SECRET:
                yield f"{release.urn}: values.{'.'.join(path)} is a secret"
            if value == UNKNOWN and not path[-1].lower().endswith("name"):
                yield f"{release.urn}: values.{'.'.join(path)} is unknown"


def kubernetes_by_an_explicit_provider(plan: Plan) -> Iterator[str]:
    """Each Kubernetes object names our provider, whose kubeconfig is secret and whose cluster has an identifier."""
    for resource in plan:
        if resource.type.startswith("kubernetes:") and resource.custom and not resource.provider:
            yield f"{resource.urn}: no provider"
    for provider in plan.of_type("pulumi:providers:kubernetes"):
        if provider.inputs.get("kubeconfig") != SECRET:
            yield f"{provider.urn}: its kubeconfig is not secret"
        if not provider.inputs.get("clusterIdentifier"):
            yield f"{provider.urn}: no clusterIdentifier"
        for key in ("deleteUnreachable", "upsertExistingObjects"):
            if key in provider.inputs:
                yield f"{provider.urn}: {key} is set"


def components_are_not_kept(plan: Plan) -> Iterator[str]:
    """Protection is for what holds data; a component that has it passes it on to all its children."""
    for resource in plan:
        if not resource.custom and (resource.options.protect or resource.options.retain_on_delete):
            yield f"{resource.urn}: a component is protected or retained"


def pins(plan: Plan) -> Iterator[str]:
    """Every chart has an exact version, every image an exact tag or a digest."""
    for release in plan.of_type(RELEASE):
        if not re.fullmatch(r"v?\d+\.\d+\.\d+", str(release.inputs.get("version", ""))):
            yield f"{release.urn}: version {release.inputs.get('version')!r}"
    for resource in plan:
        for path, value in leaves(resource.inputs):
            if path[-1:] == ("image",) and isinstance(value, str) and not _pinned(value):
                yield f"{resource.urn}: image {value}"


def namespaces_have_levels(plan: Plan) -> Iterator[str]:
    """Every namespace says its Pod Security level; `privileged` gives its reason and holds nothing else."""
    for namespace in plan.of_type("kubernetes:core/v1:Namespace"):
        metadata = namespace.inputs["metadata"]
        level = metadata.get("labels", {}).get("pod-security.kubernetes.io/enforce")
        if level not in ("restricted", "baseline", "privileged"):
            yield f"{namespace.urn}: no Pod Security level"
        if level == "privileged":
            if not (metadata.get("annotations") or {}).get("airflow-platform/reason"):
                yield f"{namespace.urn}: privileged, and no reason"
            own = [one for one in plan if _namespace(one) == metadata["name"] and "NetworkPolicy" not in one.type]
            yield from (f"{one.urn}: in a privileged namespace" for one in own)


def namespaces_are_closed(plan: Plan) -> Iterator[str]:
    """Every namespace denies by default, in both directions, and lets its pods ask the cluster's DNS."""
    policies = [
        (_namespace(policy), policy.inputs["spec"])
        for policy in plan.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        if policy.inputs["spec"].get("podSelector") in ({}, None)
    ]
    for namespace in plan.of_type("kubernetes:core/v1:Namespace"):
        name = namespace.inputs["metadata"]["name"]
        here = [spec for place, spec in policies if place == name]
        if not [spec for spec in here if _denies(spec)]:
            yield f"{namespace.urn}: no NetworkPolicy that denies by default"
        if not any(_asks_dns(rule) for spec in here for rule in spec.get("egress") or []):
            yield f"{namespace.urn}: no way to the cluster's DNS"


def _denies(spec: Mapping[str, Any]) -> bool:
    return set(spec["policyTypes"]) == {"Ingress", "Egress"} and not (spec.get("ingress") or spec.get("egress"))


def _asks_dns(rule: Mapping[str, Any]) -> bool:
    return any(port["port"] == 53 and port["protocol"] == "UDP" for port in rule.get("ports") or [])


def containers_are_confined(plan: Plan) -> Iterator[str]:
    """Own containers have requests and limits, no privilege, no root, and the runtime's seccomp profile."""
    for resource in plan:
        if resource.package != "kubernetes" or resource.type == RELEASE:
            continue  # a chart's pods are judged where it is rendered
        for spec in pod_specs(resource.inputs):
            yield from (f"{resource.urn}: {line}" for line in confinement(spec))


def ingresses_have_tls(plan: Plan) -> Iterator[str]:
    """Every Ingress has a class, TLS for its hosts and no snippet."""
    for ingress in plan.of_type("kubernetes:networking.k8s.io/v1:Ingress"):
        spec = ingress.inputs["spec"]
        hosts = {rule.get("host") for rule in spec.get("rules", [])}
        secured = {host for tls in spec.get("tls", []) for host in tls.get("hosts", [])}
        if not spec.get("ingressClassName"):
            yield f"{ingress.urn}: no class"
        if hosts - secured:
            yield f"{ingress.urn}: hosts without TLS {hosts - secured}"
        if any("snippet" in key for key in ingress.inputs["metadata"].get("annotations", {})):
            yield f"{ingress.urn}: a snippet"


def certificates_have_issuers(plan: Plan) -> Iterator[str]:
    """Each Ingress's certificate is asked for, of an issuer that the plan makes where it makes cert-manager."""
    ingresses = plan.of_type("kubernetes:networking.k8s.io/v1:Ingress")
    issuers = {one.inputs["metadata"]["name"] for one in plan.of_type("kubernetes:cert-manager.io/v1:ClusterIssuer")}
    own = any(release.inputs["chart"] == "cert-manager" for release in plan.of_type(RELEASE))
    asked = {
        (_namespace(one), tls["secretName"]): issuer
        for one in ingresses
        if (issuer := (one.inputs["metadata"].get("annotations") or {}).get("cert-manager.io/cluster-issuer"))
        for tls in one.inputs["spec"].get("tls", [])
    }
    for ingress in ingresses:
        for tls in ingress.inputs["spec"].get("tls", []):
            issuer = asked.get((_namespace(ingress), tls["secretName"]))
            if issuer is None or (own and issuer not in issuers):
                yield f"{ingress.urn}: nobody issues {tls['secretName']} ({issuer})"


def http_is_redirected(plan: Plan) -> Iterator[str]:
    """Either controller sends plain HTTP to HTTPS, and takes no snippets."""
    for release in plan.of_type(RELEASE):
        values = release.inputs.get("values", {})
        if release.inputs["chart"] == "ingress-nginx":
            controller = values["controller"]
            if controller["config"].get("ssl-redirect") != "true" or controller.get("allowSnippetAnnotations"):
                yield f"{release.urn}: plain HTTP, or snippets"
        if release.inputs["chart"] == "traefik":
            redirect = values["ports"]["web"]["http"].get("redirections", {}).get("entryPoint", {})
            if redirect.get("to") != "websecure":
                yield f"{release.urn}: plain HTTP"


def releases_are_awaited(plan: Plan) -> Iterator[str]:
    """Every Release waits for its pods, and long enough."""
    for release in plan.of_type(RELEASE):
        if release.inputs.get("skipAwait"):
            yield f"{release.urn}: skipAwait"
        if (release.inputs.get("timeout") or 0) < 900:
            yield f"{release.urn}: timeout {release.inputs.get('timeout')}"


def urns_are_unique(plan: Plan) -> Iterator[str]:
    """No duplicate URN, and no dependency on what is not in the plan."""
    for urn, count in Counter(resource.urn for resource in plan).items():
        if count > 1:
            yield f"{urn}: {count} times"
    for resource in plan:
        for other in resource.waits_for - plan.by_urn.keys():
            yield f"{resource.urn}: waits for {other}, which is nowhere"


def namespaces_come_first(plan: Plan) -> Iterator[str]:
    """What is in a namespace of ours waits for it, by data, option or parent, and so is gone before it."""
    waiting: dict[str, list[str]] = {}
    for resource in plan:
        for other in resource.waits_for:
            waiting.setdefault(other, []).append(resource.urn)
    after: dict[str, set[str]] = {}
    for namespace in plan.of_type("kubernetes:core/v1:Namespace"):
        reached, queue = set[str](), [namespace.urn]
        while queue:
            new = [urn for urn in waiting.get(queue.pop(), []) if urn not in reached]
            reached.update(new)
            queue += new
        after[str(namespace.inputs.get("metadata", {}).get("name"))] = reached
    for resource in plan:
        place = resource.inputs.get("namespace") if resource.type == RELEASE else _namespace(resource)
        if (
            resource.package == "kubernetes"
            and isinstance(place, str)
            and resource.urn not in after.get(place, {resource.urn})
        ):
            yield f"{resource.urn}: does not wait for its namespace {place}"


def what_runs_once_waits(plan: Plan) -> Iterator[str]:
    """A Job's pod that a policy lets out waits for the way to open; one that may go nowhere waits for nothing."""
    for job in [*plan.of_type("kubernetes:batch/v1:Job"), *plan.of_type("kubernetes:batch/v1:CronJob")]:
        spec = job.inputs["spec"]
        template = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]
        (container,) = template["spec"]["containers"]
        waits = "wait-for" in [*(container.get("command") or []), *(container.get("args") or [])]
        if waits != _goes_out(plan, _namespace(job), template["metadata"]["labels"]):
            yield f"{job.urn}: {'waits, and no policy lets it out' if waits else 'connects at once'}"


def _goes_out(plan: Plan, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a policy lets pods of these labels reach more than the cluster's DNS."""
    for policy in plan.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy"):
        spec = policy.inputs["spec"]
        selected = (spec.get("podSelector") or {}).get("matchLabels") or {}
        ways = [[port["port"] for port in rule.get("ports") or []] for rule in spec.get("egress") or []]
        if _namespace(policy) == namespace and selected.items() <= labels.items() and any(w != [53, 53] for w in ways):
            return True
    return False


#: Each by its name in docs/guarantees.md.
EVERYWHERE: dict[str, Invariant] = {
    "secrets are secret": secrets_are_secret,
    "Helm values hold no secret": helm_values_are_open,
    "every object is made by our provider": kubernetes_by_an_explicit_provider,
    "no component is protected": components_are_not_kept,
    "charts and images are pinned": pins,
    "namespaces have a level": namespaces_have_levels,
    "namespaces are closed": namespaces_are_closed,
    "what runs once waits for its way": what_runs_once_waits,
    "containers are confined": containers_are_confined,
    "Ingresses have TLS": ingresses_have_tls,
    "certificates have an issuer": certificates_have_issuers,
    "plain HTTP is redirected": http_is_redirected,
    "Helm releases are awaited": releases_are_awaited,
    "every URN is there once": urns_are_unique,
    "a namespace comes first": namespaces_come_first,
    "what names something waits for it": referrers_wait,
    "no way of naming something is overlooked": references_are_known,
}
EVERY_PLAN = pytest.mark.guarantee(*EVERYWHERE)


def broken(plan: Plan) -> list[str]:
    """Every line that every invariant has to say of a plan."""
    return [f"{name}: {line}" for name, rule in EVERYWHERE.items() for line in rule(plan)]


def _pinned(image: str) -> bool:
    if "@sha256:" in image:
        return True
    tag = image.rpartition("/")[2].partition(":")[2]
    return bool(tag) and tag != "latest"


def _namespace(resource: Resource) -> Any:
    value = resource.inputs.get("metadata", {}).get("namespace")
    return UNKNOWN if value == UNKNOWN else str(value)


def confinement(spec: Mapping[str, Any]) -> Iterator[str]:
    """What a pod's spec lacks of `restricted` Pod Security, requests and limits: a line each."""
    pod = spec.get("securityContext") or {}
    for container in [*spec.get("containers", []), *(spec.get("initContainers") or [])]:
        own = container.get("securityContext") or {}
        resources = container.get("resources") or {}
        name = container.get("name")
        if not (resources.get("requests") and resources.get("limits")):
            yield f"{name} has no requests or limits"
        if own.get("allowPrivilegeEscalation") is not False or (own.get("capabilities") or {}).get("drop") != ["ALL"]:
            yield f"{name} may gain privileges"
        if not (own.get("runAsNonRoot") or pod.get("runAsNonRoot")):
            yield f"{name} may run as root"
        if (own.get("seccompProfile") or pod.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
            yield f"{name} has no seccomp profile"
