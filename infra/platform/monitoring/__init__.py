"""Monitoring: Prometheus, Alertmanager and Grafana, or only what tells an existing one of this stack's Airflows."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes import core
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra import versions
from infra.contracts import Peer
from infra.namespaces import ALL_PODS, ANYWHERE, Allow, Namespace, to_kubernetes, within
from infra.platform.chart import Chart, release
from infra.platform.controller import Controller
from infra.platform.monitoring import alerting, dashboard, database, monitors, rules, stack
from infra.platform.site import Site, Values
from infra.settings import Secrets
from infra.settings.platform import EmailAlerts

API = "monitoring.coreos.com/v1"
NODE_REASON = "node-exporter reads the node's own file systems and network, which is what it is for"
NOBODY_HEARS = (
    "airflow:platform.monitoring.alerts names no receiver: alerts of this production stack reach nobody. "
    "Set slack or email there."
)


class Monitoring(pulumi.ComponentResource):
    """The stack and its objects. `peers` are the pods that scrape."""

    peers: tuple[Peer, ...]

    def __init__(
        self,
        name: str,
        site: Site,
        secrets: Secrets,
        controller: Controller | None,
        spaces: Sequence[Namespace],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Watch `controller` too, where this stack runs one; `spaces` are the namespaces of what is watched."""
        super().__init__("airflow:platform:Monitoring", name, None, opts)
        self._site, self._namespace = site, site.namespace("monitoring")
        settings = site.platform.monitoring
        namespace = Namespace(
            "monitoring",
            namespace=self._namespace,
            labels=site.names.labels("monitoring"),
            allow=_allowed(site, self._namespace),
            ready=site.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        ready: list[pulumi.Resource] = [namespace]
        if settings.state == "on":
            self.peers = (Peer(namespace=namespace.named, pod_labels=stack.PROMETHEUS_LABELS),)
            ready.append(self._stack(secrets, ready))
        else:
            self.peers = (Peer(namespace=settings.existing_namespace),)
        self._objects(controller, [*ready, *(space.made for space in spaces)])
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        for one in site.settings.releases:
            database.exporter(one, site, secrets.of(one), self._namespace, child)
        self.register_outputs({})

    def _stack(self, secrets: Secrets, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        site, nodes = self._site, self._site.namespace("nodes")
        exporters = Namespace(
            "node-exporter",
            namespace=nodes,
            labels=site.names.labels("node-exporter"),
            allow={"metrics": Allow("ingress", ports=(9100,))},
            level="privileged",
            reason=NODE_REASON,
            ready=site.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        given = self._secrets(secrets, after)
        return release(
            stack.RELEASE,
            Chart("kube-prometheus-stack", versions.MONITORING_CHART, versions.MONITORING_REPOSITORY),
            site,
            namespace=self._namespace,
            values=stack.values(site, nodes),
            parent=self,
            depends_on=[*after, exporters, *given],
        )

    def _secrets(self, secrets: Secrets, after: Sequence[pulumi.Resource]) -> list[core.v1.Secret]:
        """Grafana's administrator and Alertmanager's ways out.

        Their names are given: the release's values must be known before anything exists. So a changed one is gone for
        a moment; Grafana reads its own at start and Alertmanager from a mounted file, and neither minds.
        """
        alerts = self._site.platform.monitoring.alerts
        if self._site.settings.production and not (alerts.slack or alerts.email):
            pulumi.log.warn(NOBODY_HEARS)
        grafana = {"admin-user": "admin", "admin-password": secrets.output("grafanaPassword")}
        made = [self._secret("grafana", stack.grafana_secret_name(self._site), grafana, after)]
        if alerting.needs_secret(alerts):
            keys = [*(["slackUrl"] if alerts.slack else []), *(["smtpPassword"] if _login(alerts.email) else [])]
            values = {key: secrets.output(key) for key in keys}
            made.append(self._secret("alerts", stack.secret_name(self._site), values, after))
        return made

    def _secret(
        self, name: str, given: str, data: Mapping[str, pulumi.Input[str]], after: Sequence[pulumi.Resource]
    ) -> core.v1.Secret:
        return core.v1.Secret(
            name,
            metadata=ObjectMetaArgs(name=given, namespace=self._namespace, labels=self._site.names.labels(name)),
            string_data=dict(data),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _objects(self, controller: Controller | None, after: Sequence[pulumi.Resource]) -> None:
        """Monitors, rules and the dashboard; by their labels an existing operator finds them."""
        for name, spec in monitors.specs(self._site, controller, self._namespace).items():
            self._custom("PodMonitor", name, spec, after)
        self._custom("PrometheusRule", "airflow", rules.spec(self._site), after)
        core.v1.ConfigMap(
            "airflow-dashboard",
            metadata=ObjectMetaArgs(
                namespace=self._namespace,
                labels={
                    **self._site.names.labels("dashboard"),
                    **stack.DASHBOARD_LABELS,
                    **self._site.platform.monitoring.existing_labels,
                },
            ),
            data={"airflow.json": dashboard.text()},
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _custom(self, kind: str, name: str, spec: Values, after: Sequence[pulumi.Resource]) -> None:
        labels = {**self._site.names.labels(name), **self._site.platform.monitoring.existing_labels}
        CustomResource(
            f"{kind.lower()}-{name}",
            api_version=API,
            kind=kind,
            metadata=ObjectMetaArgs(namespace=self._namespace, labels=labels),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _allowed(site: Site, namespace: str) -> dict[str, Allow]:
    alerts = site.platform.monitoring.alerts
    ways_out = (*((443,) if alerts.slack else ()), *((alerts.email.port,) if alerts.email else ()))
    prometheus, data = stack.PROMETHEUS_LABELS, site.foundation.database
    existing = (Peer(namespace=site.platform.monitoring.existing_namespace),)
    return {
        **within(namespace),
        "api-server": to_kubernetes(site.cluster.api_server),
        # Pods at whatever port a monitor names, and the nodes' own: kubelet, node-exporter. A node is no pod and, to
        # Cilium, no network either: only what allows everybody allows it.
        "pods": Allow("egress", (ALL_PODS,), pods=prometheus),
        "nodes": Allow("egress", (), (10250, 9100), prometheus),
        **({"alerts": Allow("egress", (ANYWHERE,), ways_out, _ALERTMANAGER)} if ways_out else {}),
        "database": Allow("egress", data.peers, (data.port,), monitors.DATABASE_LABELS),
        # The API server calls from an address that is no pod's, or through the provider's own tunnel pods.
        "webhook": Allow("ingress", ports=(10250,)),
        **({"scraped": Allow("ingress", existing)} if site.platform.monitoring.state == "existing" else {}),
    }


_ALERTMANAGER = {"app.kubernetes.io/name": "alertmanager"}


def _login(email: EmailAlerts | None) -> bool:
    return email is not None and email.user is not None
