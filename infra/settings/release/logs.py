"""Where a release's task logs live once their pod is gone."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Model, Positive


class ObjectStoreLogs(Model):
    """S3 or Blob, by workload identity; a lifecycle rule deletes what is old."""

    kind: Literal["objectStore"] = "objectStore"
    retention_days: Positive = 90


class ShareLogs(Model):
    """A file share that every pod writes to; a CronJob deletes what is old, and the oldest where it gets too large."""

    kind: Literal["share"] = "share"
    retention_days: Positive = 30
    size_gib: Positive = 20


class PodLogs(Model):
    """Nowhere: a log dies with its pod. For trials only."""

    kind: Literal["pod"]


Logs = Annotated[ObjectStoreLogs | ShareLogs | PodLogs, Field(discriminator="kind")]
