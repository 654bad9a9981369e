"""What the charts are told: promise for promise the same of either ingress controller."""

from typing import Any

import pytest

from infra.contracts import LoadBalancer
from infra.platform import certificates, issuer, nginx, traefik
from infra.platform.controller import Controller
from infra.platform.monitoring import stack
from tests.program.platform_site import NAMES, site

CONTROLLERS = {"nginx": nginx.controller, "traefik": traefik.controller}


def controller(kind: str, **over: Any) -> Controller:
    return CONTROLLERS[kind](site({"ingress": {"controller": kind}}, **over), NAMES.resource(kind))


def at(values: dict[str, Any], path: str) -> Any:
    found: Any = values
    for key in path.split("."):
        found = found[key]
    return found


PROMISES = {
    "two replicas": ({"controller.replicaCount": 2}, {"deployment.replicas": 2}),
    "one stays while a node is drained": (
        {"controller.minAvailable": 1},
        {"podDisruptionBudget": {"enabled": True, "minAvailable": 1}},
    ),
    "the class is ours": (
        {"controller.ingressClassResource.name": "airflow-nginx", "controller.ingressClass": "airflow-nginx"},
        {"ingressClass.name": "airflow-traefik", "ingressClass.isDefaultClass": False},
    ),
    "the client's address is kept": (
        {"controller.service.externalTrafficPolicy": "Local", "controller.config.use-forwarded-headers": "false"},
        {"service.spec.externalTrafficPolicy": "Local"},
    ),
    "the cloud's load balancer": (
        {"controller.service.type": "LoadBalancer", "controller.service.annotations": {"cloud/balancer": "network"}},
        {"service.spec.type": "LoadBalancer", "service.annotations": {"cloud/balancer": "network"}},
    ),
    "TLS 1.2 or newer": (
        {"controller.config.ssl-protocols": "TLSv1.2 TLSv1.3"},
        {"tlsOptions.default.minVersion": "VersionTLS12"},
    ),
    "HTTP is sent to HTTPS": (
        {"controller.config.ssl-redirect": "true"},
        {"ports.web.http.redirections.entryPoint": {"to": "websecure", "scheme": "https", "permanent": True}},
    ),
    "HSTS for a year": (
        {"controller.config.hsts": "true", "controller.config.hsts-max-age": "31536000"},
        {"ports.websecure.http.middlewares": ["airflow-test-traefik-strict-transport-security@kubernetescrd"]},
    ),
    "ten minutes for a slow request": (
        {"controller.config.proxy-read-timeout": "600", "controller.config.proxy-body-size": "32m"},
        {"ports.websecure.transport.respondingTimeouts.readTimeout": "600s"},
    ),
    "nothing routes but Ingresses, without snippets": (
        {"controller.allowSnippetAnnotations": False, "controller.enableAnnotationValidations": True},
        {"providers.kubernetesCRD.namespaces": ["airflow-test-traefik"]},
    ),
    "what is under way ends before a pod does": (
        {
            "controller.extraArgs.shutdown-grace-period": 30,
            "controller.config.worker-shutdown-timeout": "240s",
            "controller.terminationGracePeriodSeconds": 300,
        },
        {
            "ports.websecure.transport.lifeCycle": {"requestAcceptGraceTimeout": "30s", "graceTimeOut": "240s"},
            "ports.web.transport.lifeCycle": {"requestAcceptGraceTimeout": "30s", "graceTimeOut": "240s"},
            "deployment.terminationGracePeriodSeconds": 300,
        },
    ),
    "its priority": (
        {"controller.priorityClassName": "airflow-test-platform"},
        {"priorityClassName": "airflow-test-platform"},
    ),
    "the system pool": ({"controller.nodeSelector": {"pool": "system"}}, {"nodeSelector": {"pool": "system"}}),
}


@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("kind", CONTROLLERS)
def test_either_controller_keeps_each_promise(kind: str, promise: str) -> None:
    values = controller(kind).values
    for path, value in PROMISES[promise][list(CONTROLLERS).index(kind)].items():
        assert (
            values["controller"]["config"][path.rpartition(".")[2]] == value
            if ".config." in path
            else (at(values, path) == value)
        )


@pytest.mark.parametrize("kind", CONTROLLERS)
@pytest.mark.guarantee("a node that is drained")
def test_either_controller_spreads_and_has_requests_and_limits(kind: str) -> None:
    values = controller(kind).values
    inner = values.get("controller", values)
    assert {rule["topologyKey"] for rule in inner["topologySpreadConstraints"]} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }
    assert inner["resources"]["requests"].keys() == inner["resources"]["limits"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("kind", CONTROLLERS)
def test_one_node_takes_one_replica(kind: str) -> None:
    values = controller(kind, single_node=True).values
    assert at(values, "controller.replicaCount" if kind == "nginx" else "deployment.replicas") == 1


@pytest.mark.parametrize("kind", CONTROLLERS)
@pytest.mark.parametrize(("single_node", "policy"), [(True, "Local"), (False, "Cluster")])
def test_a_port_of_several_nodes_answers_on_each_of_them(kind: str, single_node: bool, policy: str) -> None:
    values = controller(kind, single_node=single_node, balancer=LoadBalancer("NodePort", node_port=30443)).values
    service = values["controller"]["service"] if kind == "nginx" else values["service"]["spec"]
    assert service["externalTrafficPolicy"] == policy


def test_traefik_says_an_address_where_its_service_has_none() -> None:
    """Pulumi waits for the address in an Ingress's status; ingress-nginx gives a node port's Service's own."""
    values = controller("traefik", balancer=LoadBalancer("NodePort", node_port=30443)).values
    assert values["providers"]["kubernetesIngress"]["publishedService"] == {"enabled": False}
    assert values["providers"]["kubernetesIngress"]["ingressEndpoint"]["hostname"]
    assert "publishedService" not in controller("traefik").values["providers"]["kubernetesIngress"]


def test_grafana_looks_for_dashboards_where_its_role_lets_it() -> None:
    grafana = stack.values(site(), "nodes")["grafana"]
    assert grafana["rbac"] == {"namespaced": True}
    assert grafana["sidecar"]["dashboards"]["searchNamespace"] == site().namespace("monitoring")


def test_hsts_of_traefik_is_the_middleware_that_its_entry_point_names() -> None:
    (middleware,) = controller("traefik").values["extraObjects"]
    assert middleware["spec"]["headers"] == {"stsSeconds": 31536000, "stsIncludeSubdomains": False}
    assert middleware["metadata"]["name"] == traefik.HSTS


def test_only_the_retired_controller_warns_and_with_the_facts() -> None:
    assert controller("traefik").warning is None
    text = controller("nginx").warning or ""
    assert all(fact in text for fact in ("4.15.1", "March 2026", "1.35", "traefik"))


@pytest.mark.guarantee("a webhook that does not answer yet")
def test_cert_manager_keeps_its_kinds_and_is_installed_once_its_webhook_answers() -> None:
    values = certificates.values(site(), certificates.Account("cert-manager"))
    assert values["crds"] == {"enabled": True, "keep": True}
    assert values["startupapicheck"]["enabled"] is True
    assert values["serviceAccount"] == {"create": True, "name": certificates.SERVICE_ACCOUNT}
    for pods in (values, values["webhook"], values["cainjector"], values["startupapicheck"]):
        assert pods["resources"]["limits"].keys() == {"cpu", "memory"}
        assert pods["nodeSelector"] == {"pool": "system"}


def test_an_acme_issuer_answers_through_the_class_or_in_the_zone() -> None:
    asked = {"issuer": "letsencrypt-staging", "email": "data@acme.org"}
    spec = issuer.acme_spec(site({"certificates": asked}), "letsencrypt-staging")["acme"]
    assert spec["server"] == "https://acme-staging-v02.api.letsencrypt.org/directory"
    assert spec["email"] == "data@acme.org"
    answer = spec["solvers"][0]["http01"]["ingress"]
    assert answer["ingressClassName"] == "airflow-nginx"
    # On AKS every pool has a taint: without these the pod that answers would wait for a node for ever.
    assert answer["podTemplate"]["spec"]["nodeSelector"] == {"pool": "system"}
    assert [one["key"] for one in answer["podTemplate"]["spec"]["tolerations"]] == ["system"]
    spec = issuer.acme_spec(site({"certificates": {**asked, "challenge": "dns01"}}), "letsencrypt-prod")["acme"]
    assert "staging" not in spec["server"]
    assert spec["solvers"] == [
        {"selector": {"dnsZones": ["data.acme.org"]}, "dns01": {"route53": {"region": "eu-west-1"}}}
    ]
