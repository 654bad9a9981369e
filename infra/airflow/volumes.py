"""Where a release's DAGs and logs live outside of its pods: shares of the foundation, or its object store."""

from typing import Literal

import pulumi

from infra.airflow.parts import Parts
from infra.airflow.rotation import rotate
from infra.contracts import Foundation, LogStore, Text, VolumeRequest
from infra.settings.release import ObjectStoreLogs, PodLogs, Release, ShareDags, ShareLogs
from infra.settings.release.logs import Logs


def log_mode(release: Release, has_store: bool) -> Logs:
    """What the settings say, or the object store where the cloud has one, or a share."""
    if release.logs is not None:
        return release.logs
    return ObjectStoreLogs() if has_store else ShareLogs()


class ReleaseVolumes(pulumi.ComponentResource):
    """Claims by name, or None where the release has no such share."""

    store: LogStore | None
    dags: Text | None
    plugins: Text | None
    logs: Text | None
    mode: Logs

    def __init__(
        self,
        name: str,
        release: Release,
        foundation: Foundation,
        namespace: pulumi.Resource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """The object store is made at once; what is in the cluster waits for its namespace."""
        super().__init__("airflow:airflow:ReleaseVolumes", name, None, opts)
        self._parts, self._release, self._foundation = Parts(release), release, foundation
        self._inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        self.mode = log_mode(release, foundation.object_store is not None)
        self.store = self.dags = self.plugins = self.logs = None
        if isinstance(self.mode, ObjectStoreLogs):
            if foundation.object_store is None:
                raise pulumi.RunError(f"release {name}: logs.kind objectStore, and this cloud has no object store")
            own = pulumi.ResourceOptions(parent=self)
            self.store = foundation.object_store.logs(release.name, self.mode.retention_days, own)
        if isinstance(self.mode, ShareLogs):
            self.logs = self._volume("logs", self.mode.size_gib)
        if isinstance(self.mode, PodLogs):
            pulumi.warn(f"release {name}: logs.kind pod: the log of a task dies with its pod", self)
        if isinstance(release.dags, ShareDags):
            self.dags = self._volume("dags", release.dags.size_gib)
            self.plugins = self._volume("plugins", 1)
        self.register_outputs({})

    def _volume(self, purpose: Literal["dags", "plugins", "logs"], size_gib: int) -> Text:
        own = self._parts
        request = VolumeRequest(own.of(purpose), own.namespace, own.release.name, purpose, size_gib)
        return self._foundation.files.volume(request, self._inside)

    def keep_within_bounds(self, account: Text, pull: Text | None) -> None:
        """Rotate the logs of a share, as `account` of the namespace."""
        if isinstance(self.mode, ShareLogs) and self.logs is not None:
            pool = self._foundation.cluster.system
            rotate(self._release, self.mode, self.logs, account, pool, pull, self._inside)
