"""KEDA's operator, for releases that scale their Celery workers by the length of the queue."""

import pulumi
from pulumi_kubernetes import core, helm, meta

from infra import versions
from infra.names import POSTGRES_CA
from infra.namespaces import Allow, Namespace, to_kubernetes, within
from infra.platform.chart import Chart, release
from infra.platform.site import Site, Values, resources

OPERATOR_LABELS = {"app.kubernetes.io/name": "keda-operator"}


def wanted(site: Site) -> bool:
    """Whether a release asks for it and nobody else has brought it."""
    asked = any(one.celery is not None and one.celery.keda is not None for one in site.settings.releases)
    return asked and site.platform.keda.state == "on"


class Keda(pulumi.ComponentResource):
    """The operator, awaited: a ScaledObject is refused before its kind is there."""

    release: helm.v3.Release

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:platform:Keda", name, None, opts)
        where = site.namespace("keda")
        namespace = Namespace(
            "keda",
            namespace=where,
            labels=site.names.labels("keda"),
            allow=_allowed(site, where),
            ready=site.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        ca = _ca(site, where, pulumi.ResourceOptions(parent=self, depends_on=[namespace]))
        self.release = release(
            "keda",
            Chart("keda", versions.KEDA_CHART, versions.KEDA_REPOSITORY),
            site,
            namespace=where,
            values={**values(site), **_trust(ca)},
            parent=self,
            depends_on=[namespace],
        )
        self.register_outputs({})


def values(site: Site) -> Values:
    """What differs from the chart's own values."""
    figures = site.figures.keda
    replicas, sized = site.replicas(figures), resources(figures)
    return {
        "crds": {"install": True},
        # The chart's Always asks the registry at every start, and a pinned tag never changes.
        "image": {"pullPolicy": "IfNotPresent"},
        "operator": {"replicaCount": replicas},
        "metricsServer": {"replicaCount": replicas},
        "webhooks": {"replicaCount": replicas},
        "resources": {"operator": sized, "metricServer": sized, "webhooks": sized},
        "priorityClassName": site.priority_class,
        **site.scheduling(),
    }


def _ca(site: Site, namespace: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The database's root, which the operator verifies the server by."""
    made = core.v1.ConfigMap(
        "keda-database-ca",
        metadata=meta.v1.ObjectMetaArgs(namespace=namespace, labels=site.names.labels("keda")),
        data={POSTGRES_CA.rpartition("/")[2]: site.foundation.database.ca_bundle},
        immutable=True,
        opts=opts,
    )
    return made.metadata.name.apply(str)


def _trust(ca: pulumi.Output[str]) -> Values:
    """The operator's mount of it."""
    volume = {"name": "postgres-ca", "configMap": {"name": ca}}
    mount = {"name": "postgres-ca", "mountPath": POSTGRES_CA.rpartition("/")[0], "readOnly": True}
    return {"volumes": {"keda": {"extraVolumes": [volume], "extraVolumeMounts": [mount]}}}


def _allowed(site: Site, namespace: str) -> dict[str, Allow]:
    database = site.foundation.database
    return {
        **within(namespace),
        "api-server": to_kubernetes(site.cluster.api_server),
        # It counts the queued tasks itself, past any PgBouncer, whose prepared statements it breaks on.
        "database": Allow("egress", database.peers, (database.port,), OPERATOR_LABELS),
        # The API server calls from an address that is no pod's, or through the provider's own tunnel pods.
        "webhook": Allow("ingress", ports=(6443, 9443)),
    }
