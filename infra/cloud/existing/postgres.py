"""PostgreSQL in the cluster: the official image, TLS from an own CA, one volume. For trials: it has no standby."""

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.cloud.existing import pods, server_pod
from infra.cloud.existing.backups import Backups
from infra.cloud.existing.certificate import ServerCertificate
from infra.cloud.existing.scripts import script
from infra.contracts import Cluster, Peer, name_of
from infra.names import Names
from infra.namespaces import Allow, Namespace
from infra.settings.existing import ClusterDatabase
from infra.settings.figures import DatabaseFigures

SERVICE = "postgres"


def host(names: Names) -> str:
    """The Service's name: it resolves in every pod of the cluster, whatever the cluster's own domain is."""
    return f"{SERVICE}.{names.resource('database')}.svc"


def hosts(names: Names) -> list[str]:
    """What the certificate is valid for."""
    namespace = names.resource("database")
    return [host(names), f"{SERVICE}.{namespace}.svc.cluster.local", f"{SERVICE}.{namespace}", SERVICE]


class PostgresServer(pulumi.ComponentResource):
    """A namespace of its own with the server, its CA and its dumps; the administrator's Secret stands there alone."""

    ca: pulumi.Output[str]
    peer: Peer
    ready: tuple[pulumi.Resource, ...]

    def __init__(
        self,
        name: str,
        database: ClusterDatabase,
        figures: DatabaseFigures,
        password: pulumi.Output[str],
        cluster: Cluster,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:existing:PostgresServer", name, None, opts)
        labels = names.labels("postgres")
        space = _namespace(name, labels, cluster, names, self)
        child = pulumi.ResourceOptions(parent=self, provider=cluster.provider, depends_on=[space])
        certificate = ServerCertificate(
            name,
            name_of(cluster.provider, names.resource()),
            cluster.provider.urn.apply(lambda _urn: hosts(names)),
            pulumi.ResourceOptions(parent=self),
        )
        metadata = meta.v1.ObjectMetaArgs(namespace=space.namespace, labels=labels)
        secret = core.v1.Secret(f"{name}-admin", metadata=metadata, string_data={"password": password}, opts=child)
        tls = core.v1.Secret(
            f"{name}-certificate",
            metadata=metadata,
            string_data={"tls.crt": certificate.certificate, "tls.key": certificate.key},
            opts=child,
        )
        config = core.v1.ConfigMap(
            f"{name}-config",
            metadata=metadata,
            data={"pg_hba.conf": server_pod.HBA, "administrator.sh": script("administrator.sh")},
            opts=child,
        )
        fixed = meta.v1.ObjectMetaArgs(name=SERVICE, namespace=space.namespace, labels=labels)
        pod = server_pod.spec(figures, secret.metadata.name, tls.metadata.name, config.metadata.name)
        service = core.v1.Service(f"{name}-service", metadata=fixed, spec=_service(labels), opts=child)
        server = apps.v1.StatefulSet(
            f"{name}-server", metadata=fixed, spec=_stateful(labels, pod, database), opts=child
        )
        Backups(
            f"{name}-dumps",
            database=database,
            figures=figures,
            host=host(names),
            ca=certificate.ca,
            password_secret=secret.metadata.name,
            space=space,
            names=names,
            opts=pulumi.ResourceOptions(parent=self, provider=cluster.provider),
        )
        self.ca = certificate.ca
        self.peer = Peer(namespace=space.named, pod_labels=labels)
        self.ready = (server, service, space)
        self.register_outputs({})


def _namespace(name: str, server: dict[str, str], cluster: Cluster, names: Names, parent: pulumi.Resource) -> Namespace:
    """In: PostgreSQL's port, from the namespaces of this stack. Out: the dumps' pods to it; the server calls nobody."""
    here = Peer(namespace=names.resource("database"), pod_labels=server)
    stack = Peer(namespace_labels=names.stack_labels())
    return Namespace(
        f"{name}-namespace",
        namespace=names.resource("database"),
        labels=names.labels("database"),
        allow={
            "clients": Allow("ingress", (stack,), (pods.PORT,), server),
            "dumps": Allow("egress", (here,), (pods.PORT,), names.labels("postgres-dumps")),
        },
        ready=cluster.ready,
        opts=pulumi.ResourceOptions(parent=parent, provider=cluster.provider),
    )


def _service(labels: dict[str, str]) -> core.v1.ServiceSpecArgs:
    """With an address of its own: a headless one's name is gone whenever the pod is, and clients remember that."""
    return core.v1.ServiceSpecArgs(
        selector=labels,
        ports=[core.v1.ServicePortArgs(name="postgres", port=pods.PORT, target_port="postgres")],
    )


def _stateful(
    labels: dict[str, str], pod: core.v1.PodSpecArgs, database: ClusterDatabase
) -> apps.v1.StatefulSetSpecArgs:
    return apps.v1.StatefulSetSpecArgs(
        replicas=1,
        service_name=SERVICE,
        selector=meta.v1.LabelSelectorArgs(match_labels=labels),
        template=core.v1.PodTemplateSpecArgs(metadata=meta.v1.ObjectMetaArgs(labels=labels), spec=pod),
        volume_claim_templates=[_claim(database)],
    )


def _claim(database: ClusterDatabase) -> core.v1.PersistentVolumeClaimArgs:
    return core.v1.PersistentVolumeClaimArgs(
        metadata=meta.v1.ObjectMetaArgs(name="data"),
        spec=pods.volume_claim(database.storage_class, database.storage_gib),
    )
