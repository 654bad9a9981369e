"""What Prometheus scrapes beside the cluster itself, as PodMonitors. Specs are pure.

Fields: prometheus-operator 0.93, `PodMonitor` of monitoring.coreos.com/v1.
"""

from collections.abc import Mapping

from infra.platform import certificates
from infra.platform.controller import Controller
from infra.platform.site import Site, Values

IDS_IN_NAMES = (
    "airflow_(dag_.+_(queued|scheduled)_duration|ti_(start|finish)_.+|local_task_job_task_exit_.+)(_sum|_count)?"
)
"""Metrics that the chart's mapping leaves with a DAG's and a task's id in their names: new ones with every task."""
DATABASE_LABELS = {"app.kubernetes.io/component": "database-exporter"}


def specs(site: Site, controller: Controller | None, own_namespace: str) -> dict[str, Values]:
    """PodMonitor name → spec: each release's StatsD exporter, and the parts that this stack itself runs."""
    monitors = {
        f"airflow-{release.name}": spec(
            release.in_namespace,
            {"tier": "airflow", "component": "statsd", "release": release.name},
            "statsd-scrape",
            "release",
            drop=IDS_IN_NAMES,
        )
        for release in site.settings.releases
    }
    monitors["database"] = spec(own_namespace, DATABASE_LABELS, "metrics", "release")
    if controller is not None:
        monitors["ingress"] = spec(site.ingress_namespace, controller.pod_labels, controller.metrics_port)
    if site.platform.certificates.state == "on":
        monitors["cert-manager"] = spec(site.namespace("certificates"), certificates.CONTROLLER_LABELS, "http-metrics")
    return monitors


def spec(namespace: str, labels: Mapping[str, str], port: str, *target_labels: str, drop: str | None = None) -> Values:
    """Every half minute, the pods with these labels at the port of this name; these pod labels go on each metric.

    Metrics whose whole name matches `drop` are not kept.
    """
    endpoint: Values = {"port": port, "interval": "30s"}
    if drop is not None:
        endpoint["metricRelabelings"] = [{"action": "drop", "sourceLabels": ["__name__"], "regex": drop}]
    return {
        "namespaceSelector": {"matchNames": [namespace]},
        "selector": {"matchLabels": dict(labels)},
        "podTargetLabels": list(target_labels),
        "podMetricsEndpoints": [endpoint],
    }
