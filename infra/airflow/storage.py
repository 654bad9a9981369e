"""Where DAGs come from and logs go to, as the chart's values say it. Pure."""

import json
from typing import Any

from infra.airflow.chart import Inputs, Values, container_security, pod_security
from infra.airflow.world import SHARED_DAGS, SHARED_PLUGINS
from infra.contracts import LogStore
from infra.settings.release import BundleDags, GitDags, Release

GIT_SYNC_UID = 65533
GIT_ACCESS = "/etc/git-access"
"""Where pods find the known_hosts of a bundle's repositories."""


def values(release: Release, given: Inputs) -> Values:
    """The part of the values that depends on the DAG and the log mode."""
    volumes, mounts = _shared(given)
    made: Values = {
        "dags": {"gitSync": {"enabled": False}, "persistence": {"enabled": False}},
        "logs": {"persistence": _logs(given), "emptyDirConfig": {"sizeLimit": "5Gi"}},
        "env": [_connection(given.store)] if given.store else [],
    }
    if isinstance(release.dags, GitDags):
        made["dags"]["gitSync"] = git_sync(release.dags, given)
    if isinstance(release.dags, BundleDags) and given.keys.git is not None:
        volumes.append({"name": "git-access", "secret": {"secretName": given.keys.git}})
        mounts.append({"name": "git-access", "mountPath": GIT_ACCESS, "readOnly": True})
    return {**made, "volumes": volumes, "volumeMounts": mounts}


def _shared(given: Inputs) -> tuple[list[Values], list[Values]]:
    """Shares of DAGs and plugins, read-only for every component; only `make upload-dags` writes."""
    volumes: list[Values] = []
    mounts: list[Values] = []
    for name, claim, folder in (
        ("shared-dags", given.dags_claim, SHARED_DAGS),
        ("shared-plugins", given.plugins_claim, SHARED_PLUGINS),
    ):
        if claim is not None:
            volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim, "readOnly": True}})
            mounts.append({"name": name, "mountPath": folder, "readOnly": True})
    return volumes, mounts


def _logs(given: Inputs) -> Values:
    if given.logs_claim is None:
        return {"enabled": False}
    return {"enabled": True, "existingClaim": given.logs_claim}


def _connection(store: LogStore) -> Values:
    """The connection that reaches the store by workload identity; it holds no secret."""
    value: Any = json.dumps(store.connection, sort_keys=True)
    return {"name": f"AIRFLOW_CONN_{store.connection_id.upper()}", "value": value}


def git_sync(dags: GitDags, given: Inputs) -> Values:
    """The sidecar (git-sync v4): a shallow clone of one ref, by SSH with a pinned server or by a token."""
    made: Values = {
        "enabled": True,
        "repo": dags.repository,
        "ref": dags.ref,
        "rev": "HEAD",
        "branch": dags.ref,
        "depth": 1,
        "subPath": dags.sub_path,
        "period": f"{dags.period_seconds}s",
        # A server that is away for a while is no reason to stop a scheduler.
        "maxFailures": -1,
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
        "securityContexts": {"container": {**container_security(), **_own_user()}},
    }
    if dags.auth == "sshKey":
        return {**made, "sshKeySecret": given.keys.git, "knownHosts": dags.known_hosts}
    return {**made, "credentialsSecret": given.keys.git} if dags.auth == "token" else made


def followed(release: Release) -> list[dict[str, str]]:
    """The repositories that a release follows, as the stack exports them; `fileRef` where a deployment moved `ref`."""
    dags = release.dags
    followed = dags.repositories if isinstance(dags, BundleDags) else (dags,) if isinstance(dags, GitDags) else ()
    return [
        {"repository": one.repository, "ref": one.ref, **({"fileRef": one.file_ref} if one.file_ref else {})}
        for one in followed
    ]


def _own_user() -> Values:
    return {key: value for key, value in pod_security(GIT_SYNC_UID, 0).items() if key in ("runAsUser", "runAsNonRoot")}
