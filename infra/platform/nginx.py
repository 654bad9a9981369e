"""ingress-nginx: its chart's values and how to find its pods. Pure.

Keys of `config` are those of the controller's ConfigMap: kubernetes/ingress-nginx,
docs/user-guide/nginx-configuration/configmap.md at controller 1.15.1.
"""

from infra import versions
from infra.platform.chart import Chart
from infra.platform.controller import DRAIN_SECONDS, GRACE_SECONDS, NOTICE_SECONDS, Controller
from infra.platform.site import JOB_RESOURCES, Site, Values, resources

POD_LABELS = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"}
RETIRED = (
    "ingress-nginx is retired: chart 4.15.1 (controller 1.15.1, 19 March 2026) is its last release, its repository is "
    "read-only since 24 March 2026, no fault in it will be mended, and it was last tested with Kubernetes 1.35. "
    "`controller: traefik` under airflow:platform.ingress takes its place."
)


def controller(site: Site, name: str) -> Controller:
    """The controller, whose objects are called `name` in the cluster."""
    return Controller(
        release="ingress-nginx",
        chart=Chart("ingress-nginx", versions.INGRESS_NGINX_CHART, versions.INGRESS_NGINX_REPOSITORY),
        values=values(site, name),
        service=f"{name}-controller",
        pod_labels=POD_LABELS,
        web_ports=("http", "https"),
        webhook_ports=("webhook",),
        metrics_port="metrics",
        warning=f"{RETIRED}{_untested(site.cluster.kubernetes_version)}",
    )


def _untested(kubernetes: str) -> str:
    """What is to be said of a Kubernetes that its makers never tried it with; nothing refuses it."""
    major, _, minor = kubernetes.partition(".")
    if (int(major), int(minor)) <= versions.INGRESS_NGINX_LAST:
        return ""
    return f" This stack's Kubernetes {kubernetes} is later: try it elsewhere before production, or change over first."


def values(site: Site, name: str) -> Values:
    """What differs from the chart's own values, and what we rely on although it is the chart's own."""
    figures, balancer = site.figures.ingress, site.cluster.load_balancer
    service: Values = {
        "type": balancer.service_type,
        "annotations": dict(balancer.annotations),
        "externalTrafficPolicy": site.traffic_policy,
    }
    if balancer.node_port is not None:
        service["nodePorts"] = {"https": balancer.node_port}
    class_name = site.platform.ingress.ingress_class
    controller_values: Values = {
        "replicaCount": site.replicas(figures),
        "minAvailable": 1,
        "ingressClass": class_name,
        # A value of our own: another ingress-nginx of the cluster leaves our Ingresses alone, and ours its.
        "ingressClassResource": {"name": class_name, "controllerValue": f"k8s.io/{name}"},
        "allowSnippetAnnotations": False,
        "enableAnnotationValidations": True,
        "config": _config(),
        "extraArgs": {"shutdown-grace-period": NOTICE_SECONDS},
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "service": service,
        "metrics": {"enabled": True},
        "priorityClassName": site.priority_class,
        "resources": resources(figures),
        "topologySpreadConstraints": site.spread(POD_LABELS),
        "admissionWebhooks": _webhooks(site),
        **site.scheduling(),
    }
    return {"fullnameOverride": name, "controller": controller_values}


def _config() -> dict[str, str]:
    return {
        "ssl-redirect": "true",
        "ssl-protocols": "TLSv1.2 TLSv1.3",
        "hsts": "true",
        "hsts-max-age": "31536000",
        "hsts-include-subdomains": "false",  # other hosts of the domain are not ours to speak for
        "annotations-risk-level": "High",  # above it stand only snippets and what is as free as they
        "use-forwarded-headers": "false",  # nobody stands in front who could be believed
        "proxy-body-size": "32m",  # a connection's or a trigger's JSON; the default of 1m refuses large ones
        "proxy-buffering": "off",  # a running task's log arrives line by line
        "proxy-read-timeout": "600",
        "proxy-send-timeout": "600",
        "worker-shutdown-timeout": f"{DRAIN_SECONDS}s",
    }


def _webhooks(site: Site) -> Values:
    job = {"resources": JOB_RESOURCES}
    return {"createSecretJob": job, "patchWebhookJob": job, "patch": site.scheduling()}
