"""Plugins of a git-sync release where the chart syncs nothing: in the api-server, and in a scheduler without tasks.

The chart puts git-sync beside what reads DAGs; timetables and pages of the UI are loaded by these two as well.
The containers are the chart's own (`git_sync_container` in its _helpers.yaml), which no value brings there.
"""

from collections.abc import Mapping
from typing import Any

from infra.airflow.chart import Inputs, Values
from infra.airflow.chart_text import literal
from infra.airflow.storage import git_sync
from infra.airflow.world import SHARED_DAGS
from infra.settings.release import GitDags, Release

_KEY, _HOSTS = "/etc/git-secret/ssh", "/etc/git-secret/known_hosts"


def values(release: Release, given: Inputs) -> Values:
    """The part of the values that brings plugins to components that the chart leaves out."""
    dags = release.dags
    if not isinstance(dags, GitDags) or dags.plugins_path is None:
        return {}
    parts = ("apiServer",) if "LocalExecutor" in release.executors else ("apiServer", "scheduler")
    theirs: Mapping[str, Any] = release.values.get("dags", {}).get("gitSync", {})
    beside: Values = {
        "extraInitContainers": [_container("git-sync-init", dags, given, theirs, once=True)],
        "extraContainers": [_container("git-sync", dags, given, theirs, once=False)],
        "extraVolumes": [{"name": "dags", "emptyDir": {}}, *_key_volume(dags, given)],
        "extraVolumeMounts": [{"name": "dags", "mountPath": SHARED_DAGS, "readOnly": True}],
    }
    return {part: beside for part in parts}


def _container(name: str, dags: GitDags, given: Inputs, theirs: Mapping[str, Any], *, once: bool) -> Values:
    chart = git_sync(dags, given)
    told = {
        "GITSYNC_REPO": literal(dags.repository),
        "GITSYNC_REF": literal(dags.ref),
        "GITSYNC_DEPTH": str(chart["depth"]),
        "GITSYNC_ROOT": "/git",
        "GITSYNC_LINK": "repo",
        "GITSYNC_ADD_USER": "true",
        "GITSYNC_PERIOD": chart["period"],
        "GITSYNC_MAX_FAILURES": str(chart["maxFailures"]),
        **({"GITSYNC_ONE_TIME": "true"} if once else {}),
    }
    mounts: list[Values] = [{"name": "dags", "mountPath": "/git"}]
    secret: list[Values] = []
    if dags.auth == "sshKey":
        files = {"SSH": "true", "SSH_KEY_FILE": _KEY, "SSH_KNOWN_HOSTS": "true", "SSH_KNOWN_HOSTS_FILE": _HOSTS}
        told |= {f"GITSYNC_{key}": value for key, value in files.items()}
        mounts.append({"name": "git-sync-ssh-key", "mountPath": _KEY, "subPath": "gitSshKey", "readOnly": True})
        mounts.append({"name": "config", "mountPath": _HOSTS, "subPath": "known_hosts", "readOnly": True})
    elif dags.auth == "token":
        keys = ("GITSYNC_USERNAME", "GITSYNC_PASSWORD")
        secret = [{"name": k, "valueFrom": {"secretKeyRef": {"name": given.keys.git, "key": k}}} for k in keys]
    return {
        "name": name,
        "image": '{{ include "git_sync_image" . }}',
        "imagePullPolicy": "{{ .Values.images.gitSync.pullPolicy }}",
        "env": [*({"name": key, "value": value} for key, value in told.items()), *secret, *theirs.get("env", [])],
        "resources": {**chart["resources"], **theirs.get("resources", {})},
        "securityContext": chart["securityContexts"]["container"],
        "volumeMounts": [*mounts, *theirs.get("extraVolumeMounts", [])],
    }


def _key_volume(dags: GitDags, given: Inputs) -> list[Values]:
    if dags.auth != "sshKey":
        return []
    return [{"name": "git-sync-ssh-key", "secret": {"secretName": given.keys.git, "defaultMode": 0o440}}]
