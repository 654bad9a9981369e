"""Releases in every combination of executor, size, cloud, DAG and log mode, and their values without a program."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

import pulumi

from infra.airflow.chart import Inputs
from infra.airflow.keys import Keys
from infra.airflow.values import values
from infra.airflow.volumes import log_mode
from infra.airflow.world import release_options
from infra.contracts import Database, LogStore, NodePool, Peer, Toleration
from infra.settings import Settings, read
from infra.settings.release import ObjectStoreLogs, ShareDags, ShareLogs
from tests.unit.stacks import LOCAL, flat

CELERY = {"broker": "redis", "flower": True}
EXECUTORS: dict[str, dict[str, Any]] = {
    "local": {"executor": "LocalExecutor"},
    "kubernetes": {"executor": "KubernetesExecutor"},
    "celery-redis": {"executor": "CeleryExecutor", "celery": CELERY},
    "celery-rabbitmq": {"executor": "CeleryExecutor", "celery": {"broker": "rabbitmq"}},
    "celery-keda": {"executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {"maxWorkers": 4}}},
    "both": {"executor": "CeleryExecutor,KubernetesExecutor", "celery": {"broker": "redis"}},
    "local-and-pods": {"executor": "LocalExecutor,KubernetesExecutor"},
}
SSH = {"repository": "git@github.com:acme/dags.git", "auth": "sshKey", "knownHosts": "github.com ssh-ed25519 AAAA"}
DAGS: dict[str, dict[str, Any]] = {
    "image": {"kind": "image"},
    "git-ssh": {"kind": "git", **SSH},
    "git-token": {"kind": "git", "repository": "https://github.com/acme/dags.git", "auth": "token", "subPath": ""},
    "bundle": {"kind": "bundle", "repositories": [{"name": "main", **SSH}]},
    "share": {"kind": "share"},
}
LOGS: dict[str, dict[str, Any]] = {
    "objectStore": {"kind": "objectStore"},
    "share": {"kind": "share"},
    "pod": {"kind": "pod"},
}
CLOUDS = ("existing", "aws", "azure")


@dataclass(frozen=True)
class Case:
    """One combination; `cloud` only says how nodes, identity and store look, not which settings are read."""

    executor: str
    size: str = "small"
    cloud: str = "existing"
    dags: str = "image"
    logs: str = "share"

    def __str__(self) -> str:
        return f"{self.executor}-{self.size}-{self.cloud}-{self.dags}-{self.logs}"

    def settings(self, **release: Any) -> Settings:
        """Settings with this one release."""
        mode = {} if self.logs == "objectStore" else {"logs": LOGS[self.logs]}  # the object store is a cloud's default
        one = {"name": "main", "path": "/main", **EXECUTORS[self.executor], "dags": DAGS[self.dags], **mode, **release}
        return read(flat({**LOCAL, "size": self.size, "releases": [one]}))

    def inputs(self, settings: Settings) -> Inputs:
        """Names as a program would have them."""
        release = settings.releases[0]
        store = _store() if self.logs == "objectStore" else None
        mode = log_mode(release, store is not None)
        assert isinstance(mode, ObjectStoreLogs) == (store is not None)
        shared = isinstance(release.dags, ShareDags)
        return Inputs(
            keys=_keys(release.on_celery, self.dags),
            database=Database("db.acme.internal", 5432, "admin", cast("pulumi.Output[str]", None), "PEM", (Peer(),)),
            ca="main-ca-1",
            options=release_options(release, settings, "test", store),
            system=_pool(self.cloud, "system"),
            tasks=_pool(self.cloud, "tasks"),
            single_node=self.cloud == "existing",
            priority_class="airflow-test-airflow",
            store=store,
            dags_claim="main-dags" if shared else None,
            plugins_claim="main-plugins" if shared else None,
            logs_claim="main-logs" if isinstance(mode, ShareLogs) else None,
            block_storage_class="gp3" if self.cloud == "aws" else None,
            logins="airflow_main__a",
            task_owner="main-task-pods-1" if release.on_kubernetes else None,
            pod_labels={"worker": {"azure.workload.identity/use": "true"}} if self.cloud == "azure" else {},
        )

    def values(self, **release: Any) -> dict[str, Any]:
        """The chart's values."""
        settings = self.settings(**release)
        made = values(settings.releases[0], settings, self.inputs(settings))
        return json.loads(json.dumps(made))  # plain data, or an error


def _store() -> LogStore:
    return LogStore("s3://acme-logs/main", "airflow_logs", {"conn_type": "aws"}, grant=None)


def _pool(cloud: str, pool: str) -> NodePool:
    if cloud == "existing":
        return NodePool()
    return NodePool({"airflow-platform/pool": pool}, (Toleration("airflow-platform/pool", pool),))


def _keys(celery: bool, dags: str) -> Keys:
    names: dict[str, Any] = {
        name: f"main-{name}-1" for name in ("fernet", "jwt", "api", "database", "admin", "settings")
    }
    if celery:
        names |= {name: f"main-{name}-1" for name in ("broker", "result", "flower")}
        names["broker_password"] = "main-broker-password-1"
    if dags.startswith(("git", "bundle")):
        names["git"] = "main-git-1"
    return Keys(**names, connections={"slack_default": "main-connection-slack-1"})


def _sized() -> Iterator[Case]:
    """Every executor with every size and cloud."""
    return (Case(*chosen) for chosen in product(EXECUTORS, ("small", "medium", "large"), CLOUDS))


def _moded() -> Iterator[Case]:
    """Every executor with every DAG and log mode; the clouds take turns, so that each meets every other mode."""
    modes = product(EXECUTORS, DAGS, LOGS)
    for number, (executor, dags, logs) in enumerate(modes):
        yield Case(executor, "small", CLOUDS[number % len(CLOUDS)], dags, logs)


RENDERED = tuple(_moded())
CASES = tuple(dict.fromkeys((*_sized(), *RENDERED)))
