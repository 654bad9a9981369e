"""What each executor asks of the chart: the template of task pods, Celery's workers, its broker and Flower. Pure."""

from infra.airflow import access, pod_policy, task_pods, tls
from infra.airflow.chart import (
    Inputs,
    Values,
    ca_mount,
    container_security,
    log_groomer,
    own_account,
    pod_security,
    resources,
    spread,
    tolerations,
)
from infra.contracts import NodePool
from infra.settings import Settings
from infra.settings.release import Celery, Release

REDIS_UID = 999


def values(release: Release, settings: Settings, given: Inputs) -> Values:
    """The part of the values that depends on the executor."""
    account = own_account(release, "worker")
    made: Values = {
        # its one switch would let every task make pods beside Airflow (dag_pods.py)
        "allowPodLaunching": False,
        "workers": {
            "serviceAccount": account,
            "waitForMigrations": {"enabled": False},
            "kubernetes": _task_pods(release, settings, given),
            "celery": {
                "serviceAccount": account,
                "waitForMigrations": {"enabled": False},
                # Without it LocalExecutor's scheduler would be a StatefulSet with a claim of the workers' size.
                "persistence": {"enabled": False},
            },
        },
        "redis": {"enabled": False},
        "flower": {"enabled": False},
    }
    if given.task_owner is not None:
        made |= {"airflowConfigAnnotations": {task_pods.OWNER: given.task_owner}, "podTemplate": task_pods.TEMPLATE}
    if release.celery is None:
        return made
    made["workers"]["celery"] = _workers(release, release.celery, settings, given)
    if release.celery.broker == "redis":
        made["redis"] = _redis(release, release.celery, settings, given)
    if release.celery.flower:
        made["flower"] = _flower(release, settings, given)
    return made


def task_pool(release: Release, given: Inputs) -> NodePool:
    """The pool that the release's tasks run on."""
    return given.tasks if release.tasks.pool == "tasks" else given.system


def _placing(release: Release, given: Inputs) -> Values:
    pool = task_pool(release, given)
    return {"nodeSelector": dict(pool.selector), "tolerations": tolerations(pool)}


def _labels(release: Release, given: Inputs) -> dict[str, str]:
    return pod_policy.template_labels(release, given.pod_labels.get("worker", {}))


def _task_pods(release: Release, settings: Settings, given: Inputs) -> Values:
    """The pod template. It holds neither the database's URL nor the JWT key: tasks talk to the API alone."""
    tasks = settings.sized.tasks
    memory = release.tasks.memory or tasks.memory
    return {
        "resources": {
            "requests": {"cpu": release.tasks.cpu or tasks.cpu, "memory": memory},
            "limits": {"cpu": tasks.cpu_limit, "memory": memory},
        },
        "labels": _labels(release, given),
        "env": _env(release),
        # An eviction for a better-filled cluster would fail the task.
        "safeToEvict": False,
        # Named here too: with `create` false the chart looks at this name alone, and takes `default` where it is empty.
        "serviceAccount": own_account(release, "worker"),
        "terminationGracePeriodSeconds": task_pods.GRACE_SECONDS,
        **_placing(release, given),
    }


def _env(release: Release) -> list[Values]:
    return [{"name": name, "value": value} for name, value in sorted(release.tasks.env.items())]


def _workers(release: Release, celery: Celery, settings: Settings, given: Inputs) -> Values:
    figure = settings.sized.worker
    fixed = 1 if given.single_node else figure.replicas
    replicas = celery.keda.min_workers if celery.keda else fixed
    ca = given.ca
    return {
        "replicas": replicas,
        "resources": resources(figure),
        "labels": _labels(release, given),
        "env": _env(release),
        "serviceAccount": own_account(release, "worker"),
        "waitForMigrations": {"enabled": False},
        "logGroomerSidecar": log_groomer(given),
        # The api-server reads a running task's log from the worker by its stable name.
        "persistence": {"enabled": True, "size": f"{celery.volume_gib}Gi", **_storage_class(celery, given)},
        "extraVolumes": [{"name": tls.VOLUME, "configMap": {"name": ca}}] if ca is not None else [],
        "extraVolumeMounts": [ca_mount()] if ca is not None else [],
        "podDisruptionBudget": {"enabled": replicas > 1, "config": {"maxUnavailable": 1}},
        "topologySpreadConstraints": [] if given.single_node else spread(release, "worker"),
        "safeToEvict": False,
        **_placing(release, given),
    }


def _storage_class(celery: Celery, given: Inputs) -> Values:
    chosen = celery.storage_class or given.block_storage_class
    return {"storageClassName": chosen} if chosen is not None else {}


def _redis(release: Release, celery: Celery, settings: Settings, given: Inputs) -> Values:
    return {
        "enabled": True,
        "passwordSecretName": given.keys.broker_password,
        "resources": resources(settings.sized.redis),
        "persistence": {"enabled": True, "size": f"{celery.volume_gib}Gi", **_storage_class(celery, given)},
        "serviceAccount": own_account(release, "redis"),
        "securityContexts": {"pod": pod_security(REDIS_UID, REDIS_UID), "container": container_security()},
        "priorityClassName": given.priority_class,
        "safeToEvict": False,
        "terminationGracePeriodSeconds": 30,
    }


def _flower(release: Release, settings: Settings, given: Inputs) -> Values:
    return {
        "enabled": True,
        "secretName": given.keys.flower,
        "resources": resources(settings.sized.flower),
        "serviceAccount": own_account(release, "flower"),
        "labels": access.labels(release, "flower"),
        "priorityClassName": given.priority_class,
    }
