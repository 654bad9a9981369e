"""kube-prometheus-stack: its chart's values. Pure. No value is a secret: Grafana and Alertmanager name theirs."""

from typing import Any

from infra.platform.monitoring import alerting
from infra.platform.site import JOB_RESOURCES, Site, Values, resources
from infra.settings.figures import Component

RELEASE = "monitoring"
GRAFANA_SERVICE = f"{RELEASE}-grafana"
GRAFANA_SERVICE_PORT = 80
"""The Service of the chart's Grafana, by the chart's own naming."""
PROMETHEUS_LABELS = {"app.kubernetes.io/name": "prometheus"}
DASHBOARD_LABELS = {"grafana_dashboard": "1"}


def values(site: Site, exporters: str) -> Values:
    """What differs from the chart's own values. `exporters` is the namespace of what runs on the nodes themselves."""
    return {
        "crds": {"enabled": True},
        # A managed control plane shows none of these, and alerts about their absence would wake people for nothing.
        **{part: {"enabled": False} for part in ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy")},
        "prometheus": {"prometheusSpec": _prometheus(site)},
        "alertmanager": {
            "alertmanagerSpec": _alertmanager(site),
            "config": alerting.config(site.platform.monitoring.alerts, secret_name(site)),
        },
        "prometheusOperator": _operator(site),
        "grafana": _grafana(site),
        "kube-state-metrics": {"resources": resources(site.figures.exporter), **site.scheduling()},
        "prometheus-node-exporter": {
            "namespaceOverride": exporters,
            "containerSecurityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "resources": resources(site.figures.exporter),
        },
    }


def secret_name(site: Site) -> str:
    """The Secret of Alertmanager's receivers. A given name: the release's values take it before anything exists."""
    return site.names.resource("alerts")


def grafana_secret_name(site: Site) -> str:
    """The Secret of Grafana's administrator, by a given name for the same reason."""
    return site.names.resource("grafana")


def _prometheus(site: Site) -> Values:
    figures, gib = site.figures, site.figures.prometheus_storage_gib
    everything = {
        f"{kind}SelectorNilUsesHelmValues": False
        for kind in ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    }
    return {
        **everything,
        "externalLabels": {"stack": site.names.stack},
        "retention": f"{figures.prometheus_retention_days}d",
        # Room is left for what is being written: a full volume stops Prometheus, and alerts with it.
        "retentionSize": f"{max(1, gib * 8 // 10)}GB",
        "storageSpec": {"volumeClaimTemplate": {"spec": _claim(site, gib)}},
        **_placed(site, figures.prometheus, PROMETHEUS_LABELS),
    }


def _alertmanager(site: Site) -> Values:
    secrets = [secret_name(site)] if alerting.needs_secret(site.platform.monitoring.alerts) else []
    return {
        "secrets": secrets,
        "storage": {"volumeClaimTemplate": {"spec": _claim(site, 1)}},
        **_placed(site, site.figures.alertmanager, {"app.kubernetes.io/name": "alertmanager"}),
    }


def _placed(site: Site, figures: Component, labels: dict[str, str]) -> Values:
    return {
        "replicas": site.replicas(figures),
        "resources": resources(figures),
        "priorityClassName": site.priority_class,
        "topologySpreadConstraints": site.spread(labels),
        # Gone with the stack that is thrown away; elsewhere what was measured outlives a release taken out by mistake.
        "persistentVolumeClaimRetentionPolicy": {
            "whenDeleted": "Delete" if site.settings.ephemeral else "Retain",
            "whenScaled": "Retain",
        },
        **site.scheduling(),
    }


def _claim(site: Site, gib: int) -> Values:
    claim: dict[str, Any] = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gib}Gi"}},
    }
    if site.cluster.block_storage_class is not None:
        claim["storageClassName"] = site.cluster.block_storage_class
    return claim


def _operator(site: Site) -> Values:
    job = {"resources": JOB_RESOURCES, **site.scheduling()}
    return {
        "resources": resources(site.figures.exporter),
        "prometheusConfigReloader": {"resources": JOB_RESOURCES},
        "admissionWebhooks": {"patch": job},
        **site.scheduling(),
    }


def _grafana(site: Site) -> Values:
    """One replica without a volume: dashboards are code, and whoever wants to keep one puts it there."""
    return {
        "admin": {
            "existingSecret": grafana_secret_name(site),
            "userKey": "admin-user",
            "passwordKey": "admin-password",
        },
        "rbac": {"namespaced": True},
        "initChownData": {"enabled": False},
        "testFramework": {"enabled": False},
        "resources": resources(site.figures.grafana),
        "sidecar": {
            "resources": resources(site.figures.exporter),
            # The chart's own is every namespace, which a Role of one can't allow: then no dashboard is ever shown.
            "dashboards": {"searchNamespace": site.namespace("monitoring")},
        },
        "grafana.ini": {
            "analytics": {"check_for_updates": False, "check_for_plugin_updates": False, "reporting_enabled": False},
            "plugins": {"preinstall_disabled": True},  # it would fetch them from the internet, where it may not go
            "users": {"allow_sign_up": False},
        },
        **site.scheduling(),
    }
