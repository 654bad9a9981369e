"""PostgreSQL in the cluster: the official image, TLS from an own CA, one volume. For trials: it has no standby."""

import pulumi
from pulumi_kubernetes import apps, core, meta

from infra.cloud.existing import pods
from infra.cloud.existing.backups import Backups
from infra.cloud.existing.certificate import ServerCertificate
from infra.cloud.existing.isolation import Isolation
from infra.cloud.existing.scripts import script
from infra.contracts import Cluster, Peer
from infra.names import Names
from infra.settings.existing import ClusterDatabase
from infra.settings.sizes import DatabaseFigures

SERVICE = "postgres"
DATA = "/var/lib/postgresql/data"

# Nobody gets in by TCP without TLS. `local` is the pod's own socket folder, where only its processes are: the image's
# first start and a person with `kubectl exec`.
HBA = "local all all peer\nhostssl all all all scram-sha-256\n"


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
        child = pulumi.ResourceOptions(parent=self, provider=cluster.provider)
        labels = names.labels("postgres")
        isolation = Isolation(name, labels, cluster, names, pulumi.ResourceOptions(parent=self))
        certificate = ServerCertificate(name, names.resource(), hosts(names), pulumi.ResourceOptions(parent=self))
        metadata = meta.v1.ObjectMetaArgs(namespace=isolation.namespace, labels=labels)
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
            data={"pg_hba.conf": HBA, "password.sh": script("password.sh")},
            opts=child,
        )
        service = core.v1.Service(
            f"{name}-service",
            metadata=meta.v1.ObjectMetaArgs(name=SERVICE, namespace=isolation.namespace, labels=labels),
            spec=core.v1.ServiceSpecArgs(
                cluster_ip="None",
                selector=labels,
                ports=[core.v1.ServicePortArgs(name="postgres", port=pods.PORT, target_port="postgres")],
            ),
            opts=child,
        )
        server = apps.v1.StatefulSet(
            f"{name}-server",
            metadata=meta.v1.ObjectMetaArgs(name=SERVICE, namespace=isolation.namespace, labels=labels),
            spec=apps.v1.StatefulSetSpecArgs(
                replicas=1,
                service_name=SERVICE,
                selector=meta.v1.LabelSelectorArgs(match_labels=labels),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels=labels),
                    spec=_pod(figures, secret.metadata.name, tls.metadata.name, config.metadata.name),
                ),
                volume_claim_templates=[volume_claim("data", database.storage_class, database.storage_gib)],
            ),
            opts=child,
        )
        Backups(
            f"{name}-dumps",
            database=database,
            figures=figures,
            host=host(names),
            ca=certificate.ca,
            password_secret=secret.metadata.name,
            namespace=isolation.namespace,
            cluster=cluster,
            names=names,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.ca = certificate.ca
        self.peer = Peer(namespace=isolation.namespace, pod_labels=labels)
        self.ready = (server, service, isolation)
        self.register_outputs({})


def volume_claim(name: str, storage_class: str | None, size_gib: int) -> core.v1.PersistentVolumeClaimArgs:
    """A volume that one node mounts. Without a class the cluster's default serves."""
    return core.v1.PersistentVolumeClaimArgs(
        metadata=meta.v1.ObjectMetaArgs(name=name),
        spec=core.v1.PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteOnce"],
            storage_class_name=storage_class,
            resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": f"{size_gib}Gi"}),
        ),
    )


def server_arguments(figures: DatabaseFigures) -> list[str]:
    """The server's command line: TLS 1.2 or later and nothing else, and as many connections as the size says."""
    settings = {
        "hba_file": f"{pods.SCRIPTS}/pg_hba.conf",
        "ssl": "on",
        "ssl_cert_file": f"{pods.CERTIFICATE}/tls.crt",
        "ssl_key_file": f"{pods.CERTIFICATE}/tls.key",
        "ssl_min_protocol_version": "TLSv1.2",
        "password_encryption": "scram-sha-256",
        "max_connections": str(figures.max_connections),
    }
    return ["postgres", *(part for key, value in settings.items() for part in ("-c", f"{key}={value}"))]


def _probe(period: int, failures: int) -> core.v1.ProbeArgs:
    """Whether the server takes connections by TCP: while it makes its first databases it does not listen there."""
    return core.v1.ProbeArgs(
        exec_=core.v1.ExecActionArgs(command=["pg_isready", "-h", "127.0.0.1", "-U", pods.ADMIN]),
        period_seconds=period,
        timeout_seconds=5,
        failure_threshold=failures,
    )


def _pod(
    figures: DatabaseFigures, secret: pulumi.Input[str], tls: pulumi.Input[str], config: pulumi.Input[str]
) -> core.v1.PodSpecArgs:
    password_file = f"{pods.PASSWORD}/password"
    data = pods.mount("data", DATA, read_only=False)
    mounts = [pods.mount("password", pods.PASSWORD), pods.mount("config", pods.SCRIPTS)]
    pgdata = f"{DATA}/pgdata"  # a volume's root may hold lost+found, where initdb refuses to work
    return core.v1.PodSpecArgs(
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=pods.pod_security(),
        termination_grace_period_seconds=60,
        init_containers=[
            pods.container(
                "password",
                figures=figures,
                env={"PGDATA": pgdata, "PGUSER": pods.ADMIN, "PASSWORD_FILE": password_file},
                mounts=[data, *mounts],
                command=["bash", f"{pods.SCRIPTS}/password.sh"],
            )
        ],
        containers=[
            pods.container(
                "postgres",
                figures=figures,
                env={
                    "PGDATA": pgdata,
                    "POSTGRES_PASSWORD_FILE": password_file,
                    "POSTGRES_INITDB_ARGS": "--data-checksums",
                },
                mounts=[
                    data,
                    *mounts,
                    pods.mount("certificate", pods.CERTIFICATE),
                    pods.mount("run", "/var/run/postgresql", read_only=False),
                    pods.mount("tmp", "/tmp", read_only=False),  # noqa: S108 the pod's own volume
                    pods.mount("shm", "/dev/shm", read_only=False),  # noqa: S108 the pod's own volume
                ],
                args=server_arguments(figures),
                port=pods.PORT,
                startup=_probe(
                    period=5, failures=120
                ),  # ten minutes: after a crash the log is read from its last checkpoint
                probe=_probe(period=10, failures=6),
            )
        ],
        volumes=[
            pods.secret_volume("password", secret),
            pods.secret_volume("certificate", tls),
            pods.config_volume("config", config),
            pods.scratch_volume("run", "1Mi"),
            pods.scratch_volume("tmp", "256Mi"),
            pods.scratch_volume("shm", "256Mi", memory=True),  # parallel queries; a container's own has 64 MiB
        ],
    )
