"""Traefik: its chart's values and how to find its pods; promise for promise what `nginx` says. Pure.

It puts no limit on a request's size and buffers nothing, so that it needs no word on either.
"""

from infra import versions
from infra.platform.chart import Chart
from infra.platform.controller import Controller
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
        "deployment": {"replicas": replicas, "terminationGracePeriodSeconds": 240},
        "podDisruptionBudget": {"enabled": True, "minAvailable": 1} if replicas > 1 else {"enabled": False},
        "ingressClass": {"enabled": True, "isDefaultClass": False, "name": class_name},
        "providers": {
            # Its own kinds are needed for the TLS options and the header below: its own namespace's alone, so that
            # a release routes by Ingress only.
            "kubernetesCRD": {"enabled": True, "namespaces": [namespace], "allowCrossNamespace": False},
            "kubernetesIngress": {"enabled": True, "ingressClass": class_name},
        },
        "ports": _ports(namespace, balancer.node_port),
        "tlsOptions": {"default": {"minVersion": "VersionTLS12"}},
        "extraObjects": [_HSTS],
        "service": {
            "annotations": dict(balancer.annotations),
            "spec": {"type": balancer.service_type, "externalTrafficPolicy": "Local"},
        },
        "api": {"dashboard": False},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "priorityClassName": site.priority_class,
        "resources": resources(figures),
        "topologySpreadConstraints": site.spread(POD_LABELS),
        **site.scheduling(),
    }


def _ports(namespace: str, node_port: int | None) -> Values:
    secure: Values = {
        "http": {"middlewares": [f"{namespace}-{HSTS}@kubernetescrd"]},
        # Until a request has come in whole; writing has no end, since a running task's log is a long answer.
        "transport": {"respondingTimeouts": {"readTimeout": "600s"}},
    }
    if node_port is not None:
        secure["nodePort"] = node_port
    redirect = {"to": "websecure", "scheme": "https", "permanent": True}
    return {"web": {"http": {"redirections": {"entryPoint": redirect}}}, "websecure": secure}


_HSTS: Values = {
    "apiVersion": "traefik.io/v1alpha1",
    "kind": "Middleware",
    "metadata": {"name": HSTS},
    "spec": {"headers": {"stsSeconds": 31536000, "stsIncludeSubdomains": False}},
}
