"""Celery's workers by the number of tasks, with KEDA: from `min_workers`, which may be none, to `max_workers`.

Own objects and not the chart's: those would read the database's URL from the worker's environment, which does not
hold it. KEDA's operator asks PostgreSQL itself, over verified TLS (the platform mounts the CA at `tls.FILE`).
"""

from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow.keys import Keys
from infra.airflow.parts import Parts
from infra.contracts import Text, name_of
from infra.settings.release import Celery, Release
from infra.settings.release.execution import Keda

GROUP = "keda.sh/v1alpha1"


def query(release: Release, celery: Celery) -> str:
    """Workers that the queued and running tasks of Celery need."""
    default = release.executors[0] == "CeleryExecutor"
    own = "(executor IS NULL OR executor LIKE '%CeleryExecutor')" if default else "executor LIKE '%CeleryExecutor'"
    return (  # no value of it comes from outside of the settings
        f"SELECT ceil(COUNT(*)::decimal / {celery.concurrency}) FROM task_instance "  # noqa: S608
        f"WHERE state IN ('running', 'queued') AND {own}"
    )


def spec(release: Release, celery: Celery, keda: Keda, authentication: Text) -> dict[str, Any]:
    """The ScaledObject's spec."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": Parts(release).of("worker")},
        "pollingInterval": 10,
        # A worker that just ended a task often gets the next one.
        "cooldownPeriod": 300,
        "minReplicaCount": keda.min_workers,
        "maxReplicaCount": keda.max_workers,
        "triggers": [
            {
                "type": "postgresql",
                "metadata": {"query": query(release, celery), "targetQueryValue": "1"},
                "authenticationRef": {"name": authentication},
            }
        ],
    }


def scale(release: Release, keys: Keys, opts: pulumi.ResourceOptions) -> None:
    """The ScaledObject and what it logs in with, where the release asks for them."""
    celery, own = release.celery, Parts(release)
    if celery is None or celery.keda is None:
        return
    name = own.of("worker")
    metadata = ObjectMetaArgs(name=name, namespace=own.namespace, labels=own.labels("scaling"))
    target = {"parameter": "connection", "name": keys.keda, "key": "connection"}
    authentication = CustomResource(
        f"{name}-authentication",
        api_version=GROUP,
        kind="TriggerAuthentication",
        metadata=metadata,
        spec={"secretTargetRef": [target]},
        opts=opts,
    )
    CustomResource(
        f"{name}-scaling",
        api_version=GROUP,
        kind="ScaledObject",
        metadata=metadata,
        spec=spec(release, celery, celery.keda, name_of(authentication, name)),
        opts=opts,
    )
