"""The changes of a running stack: what is the same everywhere on the local one, what a cloud does on each cloud."""

from typing import Any

from tests.engine.changes import UNASKED, Change, Shipped

LOCAL: Shipped = ("local", ".")
AWS: Shipped = ("production", ".")
AZURE: Shipped = ("production", "examples/azure")
#: What a stack has before the first of its changes: versions to be raised.
BEFORE: dict[Shipped, dict[str, Any]] = {
    LOCAL: {},
    AWS: {"cloud.cluster.kubernetesVersion": "1.34", "cloud.database": {"postgresMajor": 16}},
    AZURE: {"cloud.cluster.kubernetesVersion": "1.34", "cloud.database": {"postgresMajor": 16}},
}
VOLUMES = frozenset({"kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"})
CLAIM = frozenset({"kubernetes:core/v1:PersistentVolumeClaim"})
ARGS = f"ARGS={' '.join(UNASKED)}"
HOST = "airflow.your-company.com"
KNOWN_HOSTS = "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
GIT = {"kind": "git", "repository": "git@github.com:o/r.git", "auth": "sshKey", "knownHosts": KNOWN_HOSTS}
BUNDLE = {"kind": "bundle", "repositories": [{"name": "main", "repository": "https://github.com/o/r.git"}]}
CELERY = "releases[0].celery"
EXECUTOR = "releases[0].executor"
IMAGE = "releases[0].image"
DAGS = "releases[0].dags"

_EVERYWHERE = (
    Change("Fernet key: `make rotate-fernet`", LOCAL, verb=("rotate-fernet", ARGS)),
    Change("a release's database password: `make rotate-database`", LOCAL, verb=("rotate-database", ARGS)),
    Change("the database administrator's password", LOCAL, anew=("databasePassword",)),
    Change("key of the tasks' tokens (`jwtSecret`)", LOCAL, anew=("jwtSecret",)),
    Change("key of the api-server (`apiSecretKey`)", LOCAL, anew=("apiSecretKey",)),
    Change("the UI administrator's password", LOCAL, anew=("adminPassword",)),
    Change("connections, variables, pools, users (`settings`)", LOCAL, anew=("settings",)),
    Change("a second release comes", LOCAL, {"releases[1]": {"name": "second", "dags": {"kind": "image"}}}),
    Change("it goes: `make remove-release`", LOCAL, verb=("remove-release", "RELEASE=second", "YES=1"), loses=CLAIM),
    Change("size small → medium", LOCAL, {"size": "medium"}),
    Change(
        "ingress, certificates and a host",
        LOCAL,
        {"platform.ingress": "on", "platform.certificates": "on", "releases[0].host": HOST},
    ),
    Change("another host", LOCAL, {"releases[0].host": f"other.{HOST}"}),
    Change("a path", LOCAL, {"releases[0].path": "/airflow"}),
    Change("nginx → Traefik", LOCAL, {"platform.ingress": {"controller": "traefik"}}),
    Change(
        "ingress, certificates and hosts off",
        LOCAL,
        {
            "platform.ingress": "off",
            "platform.certificates": "off",
            "releases[0].host": None,
            "releases[0].path": None,
        },
    ),
    Change("monitoring", LOCAL, {"platform.monitoring": "on"}),
    Change("monitoring off", LOCAL, {"platform.monitoring": "off"}),
    Change("chaos", LOCAL, {"platform.chaos": "on"}),
    Change("chaos off", LOCAL, {"platform.chaos": "off"}),
    Change("executor Kubernetes → Celery (Redis)", LOCAL, {EXECUTOR: "CeleryExecutor", CELERY: {"broker": "redis"}}),
    Change("Redis → RabbitMQ and KEDA", LOCAL, {CELERY: {"broker": "rabbitmq", "keda": {"maxWorkers": 4}}}),
    Change("Celery → LocalExecutor", LOCAL, {EXECUTOR: "LocalExecutor", CELERY: None}),
    Change("LocalExecutor → Kubernetes", LOCAL, {EXECUTOR: None}),
    Change("DAGs: share → git", LOCAL, {DAGS: GIT}, loses=VOLUMES),
    Change("DAGs: git → bundle", LOCAL, {DAGS: BUNDLE}),
    Change("DAGs: bundle → image", LOCAL, {DAGS: {"kind": "image"}}),
    Change("DAGs: image → share", LOCAL, {DAGS: {"kind": "share"}}),
    Change(
        "image: an own one", LOCAL, {"releases[0].image": {"repository": "r.example/airflow", "tag": "3.3.2-1f3c9ab"}}
    ),
    Change("another tag of it", LOCAL, {f"{IMAGE}.tag": "3.3.2-2a4d8bc"}),
    Change("a tag of everything (`tags`)", LOCAL, {"tags": {"team": "data"}}),
    Change("another prefix", LOCAL, {"prefix": "acme"}, refused="second stack"),
)


def _of_cloud(stack: Shipped) -> tuple[Change, ...]:
    return (
        Change("the database administrator's password", stack, anew=("databasePassword",)),
        Change("a tag of everything (`tags`)", stack, {"tags.owner": "another-team"}),
        Change("size medium → large", stack, {"size": "large"}),
        Change("Kubernetes 1.34 → 1.35", stack, {"cloud.cluster.kubernetesVersion": "1.35"}),
        Change("PostgreSQL 16 → 17", stack, {"cloud.database.postgresMajor": 17}),
        Change("nginx → Traefik", stack, {"platform.ingress": {"controller": "traefik"}}),
        Change("another host", stack, {"releases[0].host": f"other.{HOST}"}),
        Change("DAGs: bundle → share", stack, {DAGS: {"kind": "share"}}),
        Change("logs: object store → share", stack, {"releases[0].logs": {"kind": "share"}}),
        Change("tier production → integration", stack, {"tier": "integration"}),
        Change("another prefix", stack, {"prefix": "acme"}, refused="second stack"),
    )


CHANGES = (*_EVERYWHERE, *_of_cloud(AWS), *_of_cloud(AZURE))
