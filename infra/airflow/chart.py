"""What several parts of the chart's values are made of. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.airflow import access, tls
from infra.airflow.config import Options
from infra.airflow.keys import Keys
from infra.airflow.parts import Parts
from infra.contracts import Database, LogStore, NodePool, Text
from infra.settings.figures import Component
from infra.settings.release import Release

Values = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """All that the values depend on beside the settings."""

    keys: Keys
    database: Database
    ca: Text | None
    options: Options
    system: NodePool
    tasks: NodePool
    single_node: bool
    priority_class: Text
    logins: Text
    store: LogStore | None = None
    dags_claim: Text | None = None
    plugins_claim: Text | None = None
    logs_claim: Text | None = None
    block_storage_class: Text | None = None
    task_owner: Text | None = None
    pod_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Component → labels that the cloud's identity asks for."""


def component(release: Release, part: str, figure: Component, given: Inputs) -> Values:
    """What the four components that talk to the database have in common."""
    replicas = 1 if given.single_node else figure.replicas
    ca = given.ca
    return {
        "replicas": replicas,
        "resources": resources(figure),
        "env": database_env(given),
        "extraVolumes": [{"name": tls.VOLUME, "configMap": {"name": ca}}] if ca is not None else [],
        "extraVolumeMounts": [ca_mount()] if ca is not None else [],
        "waitForMigrations": {"enabled": False},
        "serviceAccount": own_account(release, part),
        "labels": {**access.labels(release, part), **given.pod_labels.get(part, {})},
        "priorityClassName": given.priority_class,
        "podDisruptionBudget": {"enabled": replicas > 1, "config": {"maxUnavailable": 1}},
        "topologySpreadConstraints": [] if given.single_node else spread(release, part),
    }


def database_env(given: Inputs) -> list[Values]:
    """The database's URL by name, and how it is verified."""
    url = {"secretKeyRef": {"name": given.keys.database, "key": "connection"}}
    plain = tls.environment(given.database).items()
    return [
        {"name": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "valueFrom": url},
        *({"name": name, "value": value} for name, value in plain),
    ]


def ca_mount() -> Values:
    """The CA's place."""
    return {"name": tls.VOLUME, "mountPath": tls.FOLDER, "readOnly": True}


def own_account(release: Release, part: str) -> Values:
    """A service account that stands beside the chart."""
    return {"create": False, "name": Parts(release).of(part)}


def resources(figure: Component) -> Values:
    """Requests and limits; memory is the same in both."""
    return {
        "requests": {"cpu": figure.cpu, "memory": figure.memory},
        "limits": {"cpu": figure.cpu_limit, "memory": figure.memory},
    }


def log_groomer(given: Inputs) -> Values:
    """Deletes old logs of a pod's own disk; a share has a CronJob for that."""
    return {
        "enabled": given.logs_claim is None,
        "retentionDays": 3,
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}},
        "securityContexts": {"container": container_security()},
    }


def spread(release: Release, part: str) -> list[Values]:
    """Replicas apart, by zone and by node, as far as there are any."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": Parts(release).labels(part)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def tolerations(pool: NodePool) -> list[Values]:
    """The taints that a pool's pods accept."""
    return [{"key": one.key, "operator": "Equal", "value": one.value, "effect": one.effect} for one in pool.tolerations]


def pod_security(user: int, group: int) -> Values:
    """Pod Security's `restricted`, for the pod."""
    return {
        "runAsUser": user,
        "runAsGroup": group,
        "fsGroup": group,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Values:
    """Pod Security's `restricted`, for a container."""
    return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
