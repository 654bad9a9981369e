"""What Prometheus scrapes beside the cluster itself, as PodMonitors. Specs are pure.

Fields: prometheus-operator 0.93, `PodMonitor` of monitoring.coreos.com/v1.
"""

from collections.abc import Mapping

from infra.platform import certificates
from infra.platform.controller import Controller
from infra.platform.site import Site, Values

DATABASE_LABELS = {"app.kubernetes.io/component": "database-exporter"}


def specs(site: Site, controller: Controller | None, own_namespace: str) -> dict[str, Values]:
    """PodMonitor name → spec: each release's StatsD exporter, and the parts that this stack itself runs."""
    monitors = {
        f"airflow-{release.name}": spec(
            release.in_namespace,
            {"tier": "airflow", "component": "statsd", "release": release.name},
            "statsd-scrape",
            "release",
        )
        for release in site.settings.releases
    }
    monitors["database"] = spec(own_namespace, DATABASE_LABELS, "metrics", "release")
    if controller is not None:
        monitors["ingress"] = spec(site.ingress_namespace, controller.pod_labels, controller.metrics_port)
    if site.platform.certificates.state == "on":
        monitors["cert-manager"] = spec(site.namespace("certificates"), certificates.CONTROLLER_LABELS, "http-metrics")
    return monitors


def spec(namespace: str, labels: Mapping[str, str], port: str, *target_labels: str) -> Values:
    """Every half minute, the pods with these labels at the port of this name; these pod labels go on each metric."""
    return {
        "namespaceSelector": {"matchNames": [namespace]},
        "selector": {"matchLabels": dict(labels)},
        "podTargetLabels": list(target_labels),
        "podMetricsEndpoints": [{"port": port, "interval": "30s"}],
    }
