"""Values behind StatefulSets, which Kubernetes lets nobody change in place: an upgrade would be refused. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.settings.release import Release

_WORKERS = "workers.celery"
_CLAIM = ("enabled", "size", "storageClassName", "annotations", "existingClaim")


def replaced_on(release: Release, values: Mapping[str, Any]) -> list[str]:
    """Paths in the Helm release's inputs, of every StatefulSet that these values make."""
    return [f"values.{path}" for path in _paths(release, values)]


def _paths(release: Release, values: Mapping[str, Any]) -> Iterator[str]:
    on_volumes = [path for path in (_WORKERS, "triggerer") if _persistent(values, path)]
    local = "LocalExecutor" in release.executors
    if not (release.on_celery or local) and _WORKERS in on_volumes:
        on_volumes.remove(_WORKERS)
    if on_volumes:  # a share takes the place of the claims
        yield "logs.persistence.enabled"
    for path in on_volumes:
        yield from (f"{path}.persistence.{key}" for key in _CLAIM)
    if release.on_celery:
        yield from (f"{_WORKERS}.{key}" for key in ("volumeClaimTemplates", "podManagementPolicy"))
    if values.get("redis", {}).get("enabled"):
        yield from (f"redis.persistence.{key}" for key in _CLAIM)


def _persistent(values: Mapping[str, Any], path: str) -> bool:
    inner: Any = values
    for part in path.split("."):
        inner = inner.get(part, {})
    return bool(inner.get("persistence", {}).get("enabled"))
