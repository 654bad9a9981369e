"""Traefik: its chart's values and how to find its pods; promise for promise what `nginx` says. Pure.

It puts no limit on a request's size and buffers nothing, so that it needs no word on either.
"""

from infra import versions
from infra.contracts import LoadBalancer
from infra.platform.chart import Chart
from infra.platform.controller import DRAIN_SECONDS, GRACE_SECONDS, NOTICE_SECONDS, Controller
from infra.platform.site import Site, Values, resources

POD_LABELS = {"app.kubernetes.io/name": "traefik"}
HSTS = "strict-transport-security"


def controller(site: Site, name: str) -> Controller:
    """The controller, whose objects are called `name` in the cluster."""
    return Controller(
        release="traefik",
        chart=Chart("traefik", versions.TRAEFIK_CHART, versions.TRAEFIK_REPOSITORY),
        values=values(site, name),
        service=name,
        pod_labels=POD_LABELS,
        web_ports=("web", "websecure"),
        webhook_ports=(),
        metrics_port="metrics",
    )


def values(site: Site, name: str) -> Values:
    """What differs from the chart's own values, and what we rely on although it is the chart's own."""
    figures, balancer = site.figures.ingress, site.cluster.load_balancer
    class_name, replicas = site.platform.ingress.ingress_class, site.replicas(figures)
    namespace = site.ingress_namespace
    return {
        "fullnameOverride": name,
        "deployment": {"replicas": replicas, "terminationGracePeriodSeconds": GRACE_SECONDS},
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1} if replicas > 1 else {"enabled": False},
        "ingressClass": {"enabled": True, "isDefaultClass": False, "name": class_name},
        "providers": {
            # Its own kinds are needed for the TLS options and the header below: its own namespace's alone, so that
            # a release routes by Ingress only.
            "kubernetesCRD": {"enabled": True, "namespaces": [namespace], "allowCrossNamespace": False},
            "kubernetesIngress": {
                "enabled": True,
                "ingressClass": class_name,
                "strictPrefixMatching": True,  # /data is no prefix of /database, as Kubernetes says
                **_published(balancer),
            },
        },
        "ports": _ports(namespace, balancer.node_port),
        "tlsOptions": {"default": {"minVersion": "VersionTLS12"}},
        "extraObjects": [_HSTS],
        "service": {
            "annotations": dict(balancer.annotations),
            "spec": {"type": balancer.service_type, "externalTrafficPolicy": site.traffic_policy},
        },
        "api": {"dashboard": False},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "priorityClassName": site.priority_class,
        "resources": resources(figures),
        "topologySpreadConstraints": site.spread(POD_LABELS),
        **site.scheduling(),
    }


def _published(balancer: LoadBalancer) -> Values:
    """The address in each Ingress's status, which Pulumi waits for: the Service's own, by default.

    On a node's port Traefik knows only nodes with an address of the internet's, and would never write one.
    """
    if balancer.service_type == "LoadBalancer":
        return {}
    return {"publishedService": {"enabled": False}, "ingressEndpoint": {"hostname": "localhost"}}


def _ports(namespace: str, node_port: int | None) -> Values:
    life_cycle = {"requestAcceptGraceTimeout": f"{NOTICE_SECONDS}s", "graceTimeOut": f"{DRAIN_SECONDS}s"}
    secure: Values = {
        "http": {"middlewares": [f"{namespace}-{HSTS}@kubernetescrd"]},
        # Until a request has come in whole; writing has no end, since a running task's log is a long answer.
        "transport": {"respondingTimeouts": {"readTimeout": "600s"}, "lifeCycle": life_cycle},
    }
    if node_port is not None:
        secure["nodePort"] = node_port
    redirect = {"to": "websecure", "scheme": "https", "permanent": True}
    plain: Values = {"http": {"redirections": {"entryPoint": redirect}}, "transport": {"lifeCycle": life_cycle}}
    return {"web": plain, "websecure": secure}


_HSTS: Values = {
    "apiVersion": "traefik.io/v1alpha1",
    "kind": "Middleware",
    "metadata": {"name": HSTS},
    "spec": {"headers": {"stsSeconds": 31536000, "stsIncludeSubdomains": False}},
}
