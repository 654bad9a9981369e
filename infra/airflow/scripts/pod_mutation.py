"""The last part of every component's airflow_local_settings: what a pod gets that a task is, or that a DAG starts.

`POD_SETTINGS` (JSON) stands before this text, and before that a release's own airflow_local_settings, if it has any;
a `pod_mutation_hook` in those runs first. Airflow calls it in the scheduler (pods of tasks) and in tasks (operators).
Airflow takes these names over into its own settings, so each says whose it is; kubernetes is imported by pods alone.
"""

import importlib as _pod_importlib
import json as _pod_json
from typing import Any as _PodAny
from typing import cast as _pod_cast

_pod_settings: _PodAny = _pod_json.loads(_pod_cast("str", globals()["POD_SETTINGS"]))
_pod_hook_before: _PodAny = globals().get("pod_mutation_hook")


def pod_mutation_hook(pod: _PodAny) -> None:
    """Send a DAG's pods to their namespace, and fill in what a pod does not say itself."""
    if _pod_hook_before:
        _pod_hook_before(pod)
    labels: dict[str, str] = pod.metadata.labels or {}
    of_executor = labels.get("kubernetes_executor") == "True"
    if of_executor:
        pod.metadata.labels = {**_pod_settings["labels"], **labels}
        _pod_confine(pod)
    elif pod.metadata.namespace in (None, "", _pod_settings["namespace"]):
        pod.metadata.namespace = _pod_settings["podsNamespace"]
        pod.spec.service_account_name = pod.spec.service_account_name or _pod_settings["podsAccount"]
    if of_executor or pod.metadata.namespace == _pod_settings["podsNamespace"]:
        _pod_place(pod.spec)
        for container in _pod_containers(pod):
            _pod_bound(container)


def _pod_module(name: str) -> _PodAny:
    return _pod_importlib.import_module(name)


def _pod_containers(pod: _PodAny) -> list[_PodAny]:
    return [*pod.spec.containers, *(pod.spec.init_containers or [])]


def _pod_place(spec: _PodAny) -> None:
    """The pool of tasks, unless the pod names nodes itself."""
    models = _pod_module("kubernetes.client.models")
    if not spec.node_selector and not spec.affinity:
        spec.node_selector = dict(_pod_settings["nodeSelector"])
        pool = [models.V1Toleration(**one) for one in _pod_settings["tolerations"]]
        spec.tolerations = [*(spec.tolerations or []), *pool]


def _pod_bound(container: _PodAny) -> None:
    """Requests and limits. A request alone would meet the namespace's default limit, which may be the smaller one."""
    models, quantities = _pod_module("kubernetes.client.models"), _pod_module("kubernetes.utils.quantity")
    given: _PodAny = container.resources or {}
    if isinstance(given, dict):
        given = models.V1ResourceRequirements(**given)
    requests: dict[str, _PodAny] = dict(given.requests or {})
    limits: dict[str, _PodAny] = dict(given.limits or {})
    for name, (request, limit) in _pod_settings["resources"].items():
        if name not in limits:
            wanted = requests.setdefault(name, request)
            limits[name] = max(wanted, limit, key=quantities.parse_quantity)
    given.requests, given.limits = requests, limits
    container.resources = given


def _pod_confine(pod: _PodAny) -> None:
    """Beside Airflow, Pod Security's `restricted` holds: what the pod leaves open is set."""
    models = _pod_module("kubernetes.client.models")
    pod.spec.security_context = pod.spec.security_context or models.V1PodSecurityContext()
    _pod_fill(pod.spec.security_context, run_as_user=50000, run_as_group=0, fs_group=0, run_as_non_root=True)
    _pod_fill(pod.spec.security_context, seccomp_profile=models.V1SeccompProfile(type="RuntimeDefault"))
    for container in _pod_containers(pod):
        container.security_context = container.security_context or models.V1SecurityContext()
        dropped = models.V1Capabilities(drop=["ALL"])
        _pod_fill(container.security_context, allow_privilege_escalation=False, capabilities=dropped)


def _pod_fill(target: _PodAny, **wanted: _PodAny) -> None:
    for name, value in wanted.items():
        if getattr(target, name) is None:
            setattr(target, name, value)


if "__all__" in globals():
    globals()["__all__"] = [*globals()["__all__"], "pod_mutation_hook"]
