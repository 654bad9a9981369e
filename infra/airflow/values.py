"""Values of the official chart for a release. Pure: names of Secrets in, a mapping out; no secret and no cloud type."""

from collections.abc import Mapping
from typing import Any, cast

from infra import versions
from infra.airflow import executors, git_plugins, local_settings, parts, storage
from infra.airflow.chart import (
    Inputs,
    Values,
    component,
    container_security,
    log_groomer,
    own_account,
    pod_security,
    resources,
    tolerations,
)
from infra.airflow.chart_text import airflow_cfg
from infra.airflow.config import variable
from infra.airflow.parts import Parts
from infra.airflow.pods import UID
from infra.settings import Settings
from infra.settings.figures import Component
from infra.settings.release import Release
from infra.settings.sizes import merge

_WHOLE = ("args", "command")


def values(release: Release, settings: Settings, given: Inputs) -> Values:
    """The chart's values; the release's own `values` are laid on last."""
    merged = _whole(release, given)
    for layer in (
        _secrets(given),
        _control_plane(release, settings, given),
        _statsd(release, settings, given),
        executors.values(release, settings, given),
        storage.values(release, given),
    ):
        merged = merge(merged, layer)
    merged = laid_on(merged, git_plugins.values(release, given))
    pool = executors.task_pool(release, given)
    return {
        **laid_on(merged, release.values),
        local_settings.VALUE: local_settings.text(release, settings, given, pool),
    }


def laid_on(ours: Any, theirs: Any) -> Any:
    """The escape hatch: mappings level by level, lists one after the other, so that nothing of ours gets lost.

    What a container runs is one thing though: half of it ours and half theirs would start neither.
    """
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        base, over = cast("Mapping[str, Any]", ours), cast("Mapping[str, Any]", theirs)
        return {
            **base,
            **{key: value if key in _WHOLE else laid_on(base.get(key), value) for key, value in over.items()},
        }
    if isinstance(ours, list) and isinstance(theirs, list):
        return [*cast("list[Any]", ours), *cast("list[Any]", theirs)]
    return theirs


def _whole(release: Release, given: Inputs) -> Values:
    image = {
        "repository": release.image.repository,
        "tag": release.image.full_tag,
        "pullPolicy": release.image.pull_policy,
    }
    return {
        "useStandardNaming": True,
        "fullnameOverride": Parts(release).helm,
        "airflowVersion": versions.AIRFLOW,
        "defaultAirflowRepository": release.image.repository,
        "defaultAirflowTag": release.image.full_tag,
        "images": {
            **{name: image for name in ("airflow", "pod_template", "flower")},
            "statsd": {"tag": versions.STATSD_IMAGE_TAG},
            "redis": {"tag": versions.REDIS_IMAGE_TAG},
            "gitSync": {"tag": versions.GIT_SYNC_IMAGE_TAG},
        },
        "imagePullSecrets": [{"name": given.keys.pull}] if given.keys.pull is not None else [],
        "executor": release.executor,
        "config": airflow_cfg(given.options),
        "nodeSelector": dict(given.system.selector),
        "tolerations": tolerations(given.system),
        "enableServiceLinks": False,
        "securityContexts": {"pod": pod_security(UID, 0), "containers": container_security()},
        "postgresql": {"enabled": False},
        **{
            job: {"enabled": False, "useHelmHooks": False, "serviceAccount": {"create": False}}
            for job in ("migrateDatabaseJob", "createUserJob")
        },
        "ingress": {"apiServer": {"enabled": False}, "flower": {"enabled": False}},
    }


def _secrets(given: Inputs) -> Values:
    keys = given.keys
    connections = keys.connections or {}
    return {
        # `make rotate-database` reads there by which logins the release came up last.
        "airflowConfigAnnotations": {parts.LOGINS: given.logins},
        "fernetKeySecretName": keys.fernet,
        "jwtSecretName": keys.jwt,
        "apiSecretKeySecretName": keys.api,
        "data": {
            "metadataSecretName": keys.database,
            # Without a name the chart makes a Secret of its own in a hook, even where nothing uses a broker.
            "brokerUrlSecretName": keys.broker if keys.broker is not None else keys.api,
            **({"resultBackendSecretName": keys.result} if keys.result is not None else {}),
        },
        # Workers talk to the API alone: the URL is given component by component.
        "enableBuiltInSecretEnvVars": {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": False,
            "AIRFLOW_CONN_AIRFLOW_DB": False,
        },
        "secret": [
            {"envName": f"AIRFLOW_CONN_{name.upper()}", "secretName": secret, "secretKey": "connection"}
            for name, secret in sorted(connections.items())
        ],
    }


def _control_plane(release: Release, settings: Settings, given: Inputs) -> Values:
    figures = settings.sized
    parts: dict[str, tuple[str, Component]] = {
        "scheduler": ("scheduler", figures.scheduler),
        "apiServer": ("api-server", figures.api_server),
        "dagProcessor": ("dag-processor", figures.dag_processor),
        "triggerer": ("triggerer", figures.triggerer),
    }
    made: Values = {key: component(release, part, figure, given) for key, (part, figure) in parts.items()}
    for key in ("scheduler", "dagProcessor", "triggerer"):
        made[key]["logGroomerSidecar"] = log_groomer(given)
    made["dagProcessor"]["enabled"] = True
    made["triggerer"]["persistence"] = {"enabled": False}
    made["apiServer"]["args"] = ["bash", "-c", "exec airflow api-server --proxy-headers"]
    # Only the ingress reaches the port (access.py), and its address is not known beforehand.
    made["apiServer"]["env"].append({"name": "FORWARDED_ALLOW_IPS", "value": "*"})
    made["apiServer"]["startupProbe"] = {"failureThreshold": 30, "periodSeconds": 10}
    made["scheduler"]["startupProbe"] = {"failureThreshold": 18, "periodSeconds": 10}
    for key in ("triggerer", *(("scheduler",) if "LocalExecutor" in release.executors else ())):
        made[key]["env"] += _by_address(release)
    if "LocalExecutor" in release.executors:  # its tasks are the scheduler's children, which it lets end
        made["scheduler"]["terminationGracePeriodSeconds"] = 600
    return made


def _by_address(release: Release) -> list[Values]:
    """They serve logs, and the name of a Deployment's pod resolves nowhere. A worker's does, and outlives the pod."""
    if "hostname_callable" in release.config.get("core", {}):
        return []
    return [{"name": variable("core", "hostname_callable"), "value": "airflow.utils.net.get_host_ip_address"}]


def _statsd(release: Release, settings: Settings, given: Inputs) -> Values:
    figure = settings.sized.statsd
    return {
        "statsd": {
            "enabled": True,
            "resources": resources(figure),
            "serviceAccount": own_account(release, "statsd"),
            "securityContexts": {"pod": pod_security(65534, 65534), "container": container_security()},
            "labels": dict(given.pod_labels.get("statsd", {})),
            "priorityClassName": given.priority_class,
        }
    }
