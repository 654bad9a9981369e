"""Each invariant that holds in every plan notices what breaks it."""

from dataclasses import replace
from typing import Any

import pytest

from infra.preview.model import Plan
from tests.program import invariants
from tests.program.conftest import PlanOf
from tests.program.platform_site import plan as site_plan
from tests.program.reading import one, tampered
from tests.program.references import references
from tests.program.stacks import SECRET, UNKNOWN

RELEASE, NAMESPACE = "kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:Namespace"
POLICY, INGRESS = "kubernetes:networking.k8s.io/v1:NetworkPolicy", "kubernetes:networking.k8s.io/v1:Ingress"
EXPORTER, CHAOS = ("kubernetes:apps/v1:Deployment", "database-main"), ("kubernetes:apps/v1:Deployment", "chaos-main")
JOB = "kubernetes:batch/v1:Job"
ISSUER = "cert-manager.io/cluster-issuer"
ENFORCE = "pod-security.kubernetes.io/enforce"
CONTAINER = "spec.template.spec.containers.0"


@pytest.fixture(scope="module")
def good(request: pytest.FixtureRequest) -> Plan:
    plan: PlanOf = request.getfixturevalue("plan")
    return plan("integration")


SPOILED: list[tuple[str, tuple[str, str | None], str, Any]] = [
    ("secrets_are_secret", ("kubernetes:core/v1:Secret", "grafana"), "stringData", {"admin-password": "clear"}),
    ("secrets_are_secret", (NAMESPACE, "chaos"), "metadata.labels.owner", SECRET),
    ("helm_values_are_open", (RELEASE, "monitoring"), "values.grafana.adminPassword", SECRET),
    ("helm_values_are_open", (RELEASE, "monitoring"), "values.grafana.replicas", UNKNOWN),
    ("kubernetes_by_an_explicit_provider", ("pulumi:providers:kubernetes", None), "kubeconfig", "clear"),
    ("kubernetes_by_an_explicit_provider", ("pulumi:providers:kubernetes", None), "clusterIdentifier", None),
    ("pins", (RELEASE, "cert-manager"), "version", "1.x"),
    ("pins", CHAOS, f"{CONTAINER}.image", "ghcr.io/linki/chaoskube:latest"),
    ("pins", CHAOS, f"{CONTAINER}.image", "localhost:5000/chaoskube"),
    ("namespaces_have_levels", (NAMESPACE, "chaos"), "metadata.labels", {}),
    ("namespaces_have_levels", (NAMESPACE, "node-exporter"), "metadata.annotations", None),
    ("namespaces_have_levels", (NAMESPACE, "chaos"), "metadata.labels", {ENFORCE: "privileged"}),
    ("namespaces_are_closed", (POLICY, "chaos-default-deny"), "spec.policyTypes", ["Ingress"]),
    ("namespaces_are_closed", (POLICY, "chaos-default-deny"), "spec.egress", [{}]),
    ("namespaces_are_closed", (POLICY, "chaos-default-deny"), "spec.podSelector", {"matchLabels": {"a": "b"}}),
    ("namespaces_are_closed", (POLICY, "chaos-dns"), "spec.podSelector", {"matchLabels": {"a": "b"}}),
    ("what_runs_once_waits", (JOB, "main-migration"), f"{CONTAINER}.args", ["airflow", "db", "migrate"]),
    ("what_runs_once_waits", (POLICY, "database-admin-database"), "spec.egress", []),
    ("containers_are_confined", EXPORTER, f"{CONTAINER}.resources.limits", None),
    ("containers_are_confined", EXPORTER, f"{CONTAINER}.securityContext.allowPrivilegeEscalation", True),
    ("containers_are_confined", EXPORTER, f"{CONTAINER}.securityContext.capabilities", {"drop": ["NET_RAW"]}),
    ("containers_are_confined", EXPORTER, "spec.template.spec.securityContext.runAsNonRoot", None),
    ("containers_are_confined", EXPORTER, "spec.template.spec.securityContext.seccompProfile", None),
    ("ingresses_have_tls", (INGRESS, "main"), "spec.ingressClassName", None),
    ("ingresses_have_tls", (INGRESS, "main"), "spec.tls", []),
    ("ingresses_have_tls", (INGRESS, "main"), "metadata.annotations", {"a/server-snippet": "x"}),
    ("certificates_have_issuers", (INGRESS, "main"), "metadata.annotations", {}),
    (
        "certificates_have_issuers",
        (INGRESS, "main"),
        "metadata.annotations",
        {"cert-manager.io/cluster-issuer": "letsencrypt-prod"},
    ),
    ("http_is_redirected", (RELEASE, "ingress-nginx"), "values.controller.config.ssl-redirect", "false"),
    ("http_is_redirected", (RELEASE, "ingress-nginx"), "values.controller.allowSnippetAnnotations", True),
    ("releases_are_awaited", (RELEASE, "cert-manager"), "skipAwait", True),
    ("releases_are_awaited", (RELEASE, "cert-manager"), "timeout", 300),
    ("referrers_wait", (NAMESPACE, "chaos"), "metadata.annotations", {ISSUER: "letsencrypt-staging"}),
    ("references_are_known", (RELEASE, "monitoring"), "values.grafana.homeOf", "airflow-integration-chaos"),
]


@pytest.mark.parametrize(("rule", "resource", "path", "bad"), SPOILED)
@pytest.mark.guarantee("every check of a plan notices what breaks it")
def test_an_invariant_notices(good: Plan, rule: str, resource: tuple[str, str | None], path: str, bad: Any) -> None:
    check = getattr(invariants, rule)
    assert list(check(good)) == []
    assert list(check(tampered(good, one(good, *resource), path, bad)))


@pytest.mark.guarantee("every check of a plan notices what breaks it")
def test_an_invariant_notices_plain_http_by_traefik() -> None:
    made = site_plan({"ingress": {"controller": "traefik"}})
    plain = tampered(made, one(made, RELEASE, "traefik"), "values.ports.web.http", {})
    assert list(invariants.http_is_redirected(made)) == []
    assert list(invariants.http_is_redirected(plain))


#: One of each way of naming something, on the stacks that have it: type and name of the referrer, and what it names.
REFERRERS = (
    ("integration", ".", "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "main-sync", "Role::main-sync"),
    (
        "integration",
        ".",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
        "main-sync",
        "ServiceAccount::main-jobs",
    ),
    ("integration", ".", "kubernetes:batch/v1:CronJob", "main-rotate-fernet", "ServiceAccount::main-jobs"),
    ("integration", ".", POLICY, "main-scraping", "Namespace::monitoring"),
    (
        "integration",
        ".",
        "kubernetes:monitoring.coreos.com/v1:PodMonitor",
        "podmonitor-airflow-main",
        "Release::monitoring",
    ),
    ("integration", ".", RELEASE, "main", "PriorityClass::airflow-integration-airflow"),
    ("integration", ".", RELEASE, "monitoring", "StorageClass::gp3"),
    ("integration", ".", INGRESS, "main", "Release::ingress-nginx"),
    ("integration", ".", INGRESS, "main", "Release::main"),
    (
        "integration",
        ".",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "main-worker",
        "ServiceAccount::main-worker",
    ),
    (
        "integration",
        "examples/azure",
        "azure-native:managedidentity:FederatedIdentityCredential",
        "main-worker",
        "ServiceAccount::main-worker",
    ),
    ("local", ".", "kubernetes:batch/v1:CronJob", "main-upload", "PersistentVolumeClaim::main-dags"),
    ("local", ".", "kubernetes:batch/v1:CronJob", "main-rotation", "PersistentVolumeClaim::main-logs"),
)


@pytest.mark.parametrize(("stack", "stacks", "type_", "name", "named"), REFERRERS)
def test_an_invariant_notices_what_no_longer_waits(
    plan: PlanOf, stack: str, stacks: str, type_: str, name: str, named: str
) -> None:
    made = plan(stack, stacks)
    whole = one(made, type_, name)
    (referred,) = {
        each.referred.urn for each in references(made) if each.referrer is whole and each.referred.urn.endswith(named)
    }
    loose = replace(whole, depends_on=(), parent=None, provider=None)
    others = tuple(each for each in made if each is not whole)
    said = list(invariants.referrers_wait(replace(made, resources=(*others, loose))))
    assert [line for line in said if line.startswith(f"{whole.urn}:") and referred in line]


@pytest.mark.guarantee("every check of a plan notices what breaks it")
def test_an_invariant_notices_a_wrong_option_and_a_wrong_order(good: Plan) -> None:
    platform = next(each for each in good if each.type == "airflow:platform:Platform")
    kept = replace(platform, options=replace(platform.options, protect=True))
    loose = replace(one(good, RELEASE, "cert-manager"), provider=None)
    alone = replace(one(good, POLICY, "chaos-dns"), depends_on=(), parent=None)
    for rule, bad in (
        ("components_are_not_kept", kept),
        ("kubernetes_by_an_explicit_provider", loose),
        ("namespaces_come_first", alone),
    ):
        others = tuple(each for each in good if each.urn != bad.urn)
        assert list(getattr(invariants, rule)(replace(good, resources=(*others, bad)))), rule
    twice = replace(good, resources=(*good.resources, platform))
    assert list(invariants.urns_are_unique(twice))
