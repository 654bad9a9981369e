"""Who may talk to whom in a release, pair by pair: both ends have to allow a connection, as Kubernetes judges it."""

import ipaddress
from typing import Any, cast

import pytest

from infra.airflow import access
from infra.airflow.parts import Parts
from infra.contracts import Database, LogStore, Peer
from infra.namespaces import Allow
from infra.settings import read
from infra.settings.release import Release
from tests.unit.stacks import LOCAL, flat

INGRESS = Peer(namespace="platform-ingress", pod_labels={"app": "controller"})
AROUND = access.Around(
    database=Database("db", 5432, "admin", cast("Any", None), "PEM", (Peer(cidr="10.0.5.0/24"),)),
    kubernetes=(Peer(cidr="10.0.0.1/32"),),
    identity=(Peer(cidr="169.254.170.23/32"),),
    store=LogStore("s3://logs", "airflow_logs", {}, None, (Peer(cidr="52.0.0.0/8"),)),
    ingress=(INGRESS,),
    monitoring=(Peer(namespace="monitoring"),),
)
CELERY = {"executor": "CeleryExecutor", "celery": {"broker": "redis", "flower": True}}


def _release(**given: Any) -> Release:
    return read(flat({**LOCAL, "releases": [{"name": "main", **given}]})).releases[0]


def _labels(release: Release, part: str) -> dict[str, str]:
    return {**Parts(release).labels(part), **access.labels(release, part)}


def _fits(peer: Peer, to: dict[str, str] | str, namespace: str) -> bool:
    """Whether a peer is this pod (labels), or this address outside of the cluster."""
    if isinstance(to, str):
        return peer.cidr is not None and ipaddress.ip_address(to) in ipaddress.ip_network(str(peer.cidr))
    return peer.cidr is None and peer.namespace == namespace and peer.pod_labels.items() <= to.items()


def _allows(rows: dict[str, Allow], direction: str, own: dict[str, str], other: Any, port: int, where: str) -> bool:
    """Whether one policy of the pod with labels `own` allows the other end."""
    return any(
        row.direction == direction
        and row.pods.items() <= own.items()
        and (not row.ports or port in row.ports)
        and (not row.peers or any(_fits(peer, other, where) for peer in row.peers))
        for row in rows.values()
    )


def _connects(release: Release, source: str, target: str, port: int) -> bool:
    """`target` is a component, or an address outside."""
    rows, here = access.table(release, AROUND), release.in_namespace
    first = _labels(release, source)
    if target[0].isdigit():
        return _allows(rows, "egress", first, target, port, here)
    second = _labels(release, target)
    out = _allows(rows, "egress", first, second, port, here)
    return out and _allows(rows, "ingress", second, first, port, here)


DATABASE, KUBERNETES, STORE, IDENTITY, INTERNET = "10.0.5.9", "10.0.0.1", "52.1.2.3", "169.254.170.23", "93.184.1.1"


@pytest.mark.parametrize(
    ("source", "target", "port", "allowed"),
    [
        ("scheduler", DATABASE, 5432, True),
        ("api-server", DATABASE, 5432, True),
        ("jobs", DATABASE, 5432, True),
        ("statsd", DATABASE, 5432, False),
        ("api-server", DATABASE, 22, False),
        ("scheduler", KUBERNETES, 6443, True),
        ("api-server", KUBERNETES, 443, True),
        ("statsd", KUBERNETES, 443, False),
        ("worker", "api-server", 8080, True),
        ("jobs", "api-server", 8080, True),
        ("statsd", "api-server", 8080, False),
        ("scheduler", "api-server", 8080, False),
        ("api-server", "worker", 8793, True),
        ("api-server", "triggerer", 8794, True),
        ("api-server", "worker", 8794, False),
        ("worker", "triggerer", 8794, False),
        ("worker", "statsd", 9125, True),
        ("worker", "scheduler", 8793, False),
        ("scheduler", STORE, 443, True),
        ("api-server", STORE, 443, True),
        ("api-server", IDENTITY, 80, True),
        ("statsd", STORE, 443, False),
        ("worker", INTERNET, 9200, True),
        ("triggerer", INTERNET, 443, True),
        ("dag-processor", INTERNET, 443, True),
        ("scheduler", INTERNET, 443, False),
        ("api-server", INTERNET, 443, False),
        ("jobs", INTERNET, 443, False),
    ],
)
def test_pairs_with_pods_for_tasks(source: str, target: str, port: int, allowed: bool) -> None:
    assert _connects(_release(), source, target, port) is allowed


@pytest.mark.parametrize(
    ("source", "target", "port", "allowed"),
    [
        ("scheduler", "redis", 6379, True),
        ("worker", "redis", 6379, True),
        ("flower", "redis", 6379, True),
        ("api-server", "redis", 6379, False),
        ("flower", "worker", 8793, False),
        ("worker", "flower", 5555, False),
        ("worker", DATABASE, 5432, True),
        ("flower", DATABASE, 5432, False),
        ("flower", INTERNET, 443, False),
    ],
)
def test_pairs_with_celery(source: str, target: str, port: int, allowed: bool) -> None:
    assert _connects(_release(**CELERY), source, target, port) is allowed


def test_rabbitmq_is_reached_on_its_own_port() -> None:
    release = _release(executor="CeleryExecutor", celery={"broker": "rabbitmq"})
    assert _connects(release, "worker", "rabbitmq", 5672)
    assert not _connects(release, "worker", "rabbitmq", 15672)


def test_local_tasks_run_in_the_scheduler_and_reach_what_tasks_reach() -> None:
    release = _release(executor="LocalExecutor")
    assert _connects(release, "scheduler", "api-server", 8080)
    assert _connects(release, "scheduler", INTERNET, 443)
    assert _connects(release, "api-server", "scheduler", 8793)


def test_listed_egress_narrows_tasks_and_leaves_them_what_they_need() -> None:
    release = _release(egress=[{"cidr": "93.184.0.0/16", "ports": [443]}])
    assert _connects(release, "worker", INTERNET, 443)
    assert not _connects(release, "worker", INTERNET, 9200)
    assert not _connects(release, "worker", "8.8.8.8", 443)
    assert not _connects(release, "worker", DATABASE, 5432)
    assert _connects(release, "worker", "api-server", 8080)
    assert _connects(release, "worker", STORE, 443)


def test_git_and_mail_open_their_ports_for_those_who_use_them() -> None:
    plain = _release(egress=[])
    mail = {"host": "smtp.acme.org", "sender": "airflow@acme.org"}
    release = _release(
        egress=[],
        email=mail,
        dags={"kind": "git", "repository": "https://github.com/acme/dags.git"},
    )
    for source, port in (("worker", 587), ("dag-processor", 443), ("worker", 443)):
        assert _connects(release, source, INTERNET, port)
        assert not _connects(plain, source, INTERNET, port)
    assert not _connects(release, "api-server", INTERNET, 587)


def test_only_the_ingress_and_monitoring_come_in_from_outside() -> None:
    rows = access.table(_release(**CELERY), AROUND)
    outside = {
        name for name, row in rows.items() if row.direction == "ingress" and row.peers[0].namespace != "airflow-main"
    }
    assert outside == {"api-from-ingress", "flower", "scraping"}


def test_two_releases_in_one_namespace_are_strangers() -> None:
    both = read(
        flat(
            {
                **LOCAL,
                "releases": [
                    {"name": "main", "namespace": "airflow", "sharesNamespace": True},
                    {"name": "batch", "namespace": "airflow", "sharesNamespace": True, **CELERY},
                ],
            }
        )
    )
    main, batch = both.releases
    rows = access.table(main, AROUND)
    assert not _allows(rows, "ingress", _labels(main, "api-server"), _labels(batch, "worker"), 8080, "airflow")
    assert _allows(rows, "ingress", _labels(main, "api-server"), _labels(main, "worker"), 8080, "airflow")


def test_without_ingress_and_monitoring_nobody_comes_in() -> None:
    bare = access.Around(AROUND.database, AROUND.kubernetes)
    assert not {"api-from-ingress", "scraping", "to-cloud"} & access.table(_release(), bare).keys()
