"""Who may talk to whom in a release: one table, one NetworkPolicy a row. Pure.

Pods carry a label for each thing they may reach (`labels`), so that a row holds for several components. Shares (NFS,
SMB) are mounted by the node and need no row; DNS and the denial of everything else are the namespace's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.airflow import parts
from infra.airflow.parts import CONTROL, Parts
from infra.contracts import Database, LogStore, Peer
from infra.namespaces import ALL_PODS, ANYWHERE, KUBERNETES_PORTS, Allow
from infra.settings.release import BundleDags, GitDags, Release

_PREFIX = "airflow-platform/reaches-"


@dataclass(frozen=True)
class Around:
    """What stands around a release, as far as connections go."""

    database: Database
    kubernetes: tuple[Peer, ...]
    identity: tuple[Peer, ...] = ()
    store: LogStore | None = None
    ingress: tuple[Peer, ...] = ()
    monitoring: tuple[Peer, ...] = ()
    webhooks: tuple[Peer, ...] = (ANYWHERE,)


def holders(release: Release) -> Mapping[str, tuple[str, ...]]:
    """Purpose → components that may reach it."""
    own = Parts(release)
    code = own.runs_user_code
    celery = release.on_celery
    airflow = (*CONTROL, "worker")
    return {
        "database": (*CONTROL, "jobs", *(("worker",) if celery else ())),
        "kubernetes": ("scheduler", "triggerer", "worker", "api-server", "jobs"),
        "api": (*code, "jobs"),
        "logs": ("api-server",),
        "statsd": airflow,
        "cloud": airflow,
        "code": code,
        **({"broker": ("scheduler", "worker", "flower")} if celery else {}),
        **({"git": _pulling(release)} if _by_git(release) else {}),
        **({"mail": (*code, "scheduler")} if release.email else {}),
        **({"slack": (*code, "scheduler")} if release.slack else {}),
    }


def labels(release: Release, part: str) -> dict[str, str]:
    """The labels of a component's pods that say what it may reach."""
    return {f"{_PREFIX}{purpose}": "true" for purpose, those in holders(release).items() if part in those}


def table(release: Release, around: Around) -> dict[str, Allow]:
    """Every connection that is allowed, by what it is for."""
    rows = {**_out(release, around), **_in(release, around)}
    return {purpose: allow for purpose, allow in rows.items() if allow is not None}


def _reaches(purpose: str, release: Release) -> dict[str, str]:
    return {"release": release.name, f"{_PREFIX}{purpose}": "true"}


def _pods(release: Release, labels_of: Mapping[str, str]) -> tuple[Peer, ...]:
    return (Peer(namespace=release.in_namespace, pod_labels=labels_of),)


def _out(release: Release, around: Around) -> dict[str, Allow | None]:
    own = Parts(release)

    def egress(purpose: str, peers: tuple[Peer, ...], *ports: int, protocol: str = "TCP") -> Allow:
        return Allow("egress", peers, ports, _reaches(purpose, release), (protocol,))

    anywhere = (ANYWHERE,)
    has = holders(release)
    stores = (*around.identity, *(around.store.peers if around.store else ()))
    logs = tuple(peer for part in ("worker", "triggerer", "scheduler") for peer in _pods(release, own.labels(part)))
    broker = _pods(release, own.labels(release.celery.broker)) if release.celery else ()
    return {
        "to-database": egress("database", around.database.peers, around.database.port),
        "to-kubernetes": egress("kubernetes", around.kubernetes, *KUBERNETES_PORTS),
        "to-api": egress("api", _pods(release, own.labels("api-server")), parts.API_PORT),
        "to-logs": egress("logs", logs, parts.WORKER_LOG_PORT, parts.TRIGGERER_LOG_PORT),
        "to-statsd": egress("statsd", _pods(release, own.labels("statsd")), parts.STATSD_PORT, protocol="UDP"),
        "to-cloud": egress("cloud", stores, 443, 80) if stores else None,
        "to-broker": egress("broker", broker, _broker_port(release)) if broker else None,
        "to-git": egress("git", anywhere, 443, 22) if "git" in has else None,
        "to-mail": egress("mail", anywhere, release.email.port) if release.email else None,
        "to-slack": egress("slack", around.webhooks, 443) if release.slack else None,
        **code_out(release, _reaches("code", release)),
    }


def code_out(release: Release, pods: Mapping[str, str] | None = None) -> dict[str, Allow]:
    """What DAGs may call, from pods with these labels: anything, or what `egress` lists."""
    given = pods or {}
    if release.egress is None:
        return {"to-anything": Allow("egress", (ANYWHERE, ALL_PODS), (), given)}
    return {
        f"to-listed-{number}": Allow("egress", (Peer(cidr=rule.cidr),), rule.ports, given)
        for number, rule in enumerate(release.egress)
    }


def _in(release: Release, around: Around) -> dict[str, Allow | None]:
    own = Parts(release)

    def ingress(part: str, peers: tuple[Peer, ...], *ports: int, protocol: str = "TCP") -> Allow | None:
        return Allow("ingress", peers, ports, own.labels(part), (protocol,)) if peers else None

    def allowed(purpose: str) -> tuple[Peer, ...]:
        return _pods(release, _reaches(purpose, release))

    return {
        "api-from-tasks": ingress("api-server", allowed("api"), parts.API_PORT),
        "api-from-ingress": ingress("api-server", around.ingress, parts.API_PORT),
        "worker-logs": ingress("worker", allowed("logs"), parts.WORKER_LOG_PORT),
        "triggerer-logs": ingress("triggerer", allowed("logs"), parts.TRIGGERER_LOG_PORT),
        "scheduler-logs": ingress("scheduler", allowed("logs"), parts.WORKER_LOG_PORT),
        "statsd": ingress("statsd", allowed("statsd"), parts.STATSD_PORT, protocol="UDP"),
        "scraping": ingress("statsd", around.monitoring, parts.STATSD_METRICS_PORT),
        "acme": _acme(release, around),
        **_celery_in(release, around),
    }


def _acme(release: Release, around: Around) -> Allow | None:
    """cert-manager answers an http01 challenge from a pod of its own beside the Ingress, for as long as it is asked."""
    if release.host is None or not around.ingress:
        return None
    return Allow("ingress", around.ingress, (parts.ACME_SOLVER_PORT,), parts.ACME_SOLVER)


def _celery_in(release: Release, around: Around) -> dict[str, Allow | None]:
    if release.celery is None:
        return {}
    own, here = Parts(release), _pods(release, _reaches("broker", release))
    broker = Allow("ingress", here, (_broker_port(release),), own.labels(release.celery.broker))
    flower = Allow("ingress", around.ingress, (parts.FLOWER_PORT,), own.labels("flower"))
    return {"broker": broker, "flower": flower if release.celery.flower and around.ingress else None}


def _broker_port(release: Release) -> int:
    return parts.REDIS_PORT if release.celery and release.celery.broker == "redis" else parts.RABBITMQ_PORT


def _pulling(release: Release) -> tuple[str, ...]:
    plugins = isinstance(release.dags, GitDags) and release.dags.plugins_path is not None
    return ("dag-processor", "worker", "triggerer", "scheduler", *(("api-server",) if plugins else ()))


def _by_git(release: Release) -> bool:
    return isinstance(release.dags, GitDags | BundleDags)
