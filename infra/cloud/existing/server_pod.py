"""The pod of the database in the cluster. Pure: no resource."""

import pulumi
from pulumi_kubernetes import core

from infra.cloud.existing import pods
from infra.settings.figures import DatabaseFigures

DATA = "/var/lib/postgresql/data"
PGDATA = f"{DATA}/pgdata"  # a volume's root may hold lost+found, where initdb refuses to work
PASSWORD_FILE = f"{pods.PASSWORD}/password"

# Nobody gets in by TCP without TLS. `local` is the pod's own socket folder, where only its processes are: the image's
# first start and a person with `kubectl exec`.
HBA = "local all all peer\nhostssl all all all scram-sha-256\n"


def server_arguments(figures: DatabaseFigures) -> list[str]:
    """The server's command line: TLS 1.2 or later and nothing else, and as many connections as the size says."""
    settings = {
        "listen_addresses": "*",
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


def spec(
    figures: DatabaseFigures, secret: pulumi.Input[str], tls: pulumi.Input[str], config: pulumi.Input[str]
) -> core.v1.PodSpecArgs:
    """The pod, given the names of the administrator's Secret, the certificate's Secret and the ConfigMap."""
    return core.v1.PodSpecArgs(
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=pods.pod_security(),
        termination_grace_period_seconds=60,
        init_containers=[_password(figures)],
        containers=[_server(figures)],
        volumes=[
            pods.secret_volume("password", secret),
            pods.secret_volume("certificate", tls),
            pods.config_volume("config", config),
            pods.scratch_volume("run", "1Mi"),
            pods.scratch_volume("tmp", "256Mi"),
            pods.scratch_volume("shm", "256Mi", memory=True),  # parallel queries; a container's own has 64 MiB
        ],
    )


def _mounts() -> list[core.v1.VolumeMountArgs]:
    """What both containers see."""
    return [
        pods.mount("data", DATA, read_only=False),
        pods.mount("password", pods.PASSWORD),
        pods.mount("config", pods.SCRIPTS),
    ]


def _password(figures: DatabaseFigures) -> core.v1.ContainerArgs:
    """Gives the administrator the Secret's password, where the volume is from an earlier one."""
    return pods.container(
        "password",
        figures=figures,
        env={"PGDATA": PGDATA, "PGUSER": pods.ADMIN, "PASSWORD_FILE": PASSWORD_FILE},
        mounts=_mounts(),
        command=["bash", f"{pods.SCRIPTS}/administrator.sh"],
    )


def _server(figures: DatabaseFigures) -> core.v1.ContainerArgs:
    return pods.container(
        "postgres",
        figures=figures,
        env={
            "PGDATA": PGDATA,
            "POSTGRES_PASSWORD_FILE": PASSWORD_FILE,
            "POSTGRES_INITDB_ARGS": "--data-checksums",
        },
        mounts=[
            *_mounts(),
            pods.mount("certificate", pods.CERTIFICATE),
            pods.mount("run", "/var/run/postgresql", read_only=False),
            pods.mount("tmp", "/tmp", read_only=False),  # noqa: S108 the pod's own volume
            pods.mount("shm", "/dev/shm", read_only=False),  # noqa: S108 the pod's own volume
        ],
        args=server_arguments(figures),
        port=pods.PORT,
        # Ten minutes: after a crash the log is read from its last checkpoint.
        startup=_probe(period=5, failures=120),
        probe=_probe(period=10, failures=6),
    )
