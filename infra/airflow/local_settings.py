"""`airflow_local_settings.py` of a release: its own, if `values` has one, and then the pod mutation hook. Pure."""

import json
from typing import Any

from infra.airflow.chart import Inputs
from infra.airflow.files import script_files
from infra.airflow.pod_policy import template_labels
from infra.contracts import NodePool
from infra.settings import Settings
from infra.settings.release import Release

VALUE = "airflowLocalSettings"
"""The chart's value. The chart reads it as a template, so nothing of ours may hold two opening braces."""


def text(release: Release, settings: Settings, given: Inputs, pool: NodePool) -> str:
    """The module's text."""
    stated = json.dumps(_pod_settings(release, settings, given, pool), sort_keys=True)
    own = release.values.get(VALUE)
    first = [f"{own.rstrip()}\n\n"] if isinstance(own, str) and own.strip() else []
    return "".join([*first, f"POD_SETTINGS = {stated!r}\n\n", script_files("pod_mutation.py")["pod_mutation.py"]])


def _pod_settings(release: Release, settings: Settings, given: Inputs, pool: NodePool) -> dict[str, Any]:
    tasks = settings.sized.tasks
    cpu, memory = release.tasks.cpu or tasks.cpu, release.tasks.memory or tasks.memory
    return {
        "namespace": release.in_namespace,
        "podsNamespace": release.pods_namespace,
        "podsAccount": release.name,
        "labels": template_labels(release, given.pod_labels.get("worker", {})),
        "nodeSelector": dict(pool.selector),
        "tolerations": [
            {"key": one.key, "operator": "Equal", "value": one.value, "effect": one.effect} for one in pool.tolerations
        ],
        "resources": {"cpu": [cpu, tasks.cpu_limit], "memory": [memory, memory]},
    }
