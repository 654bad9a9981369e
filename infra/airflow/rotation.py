"""The CronJob that keeps a share of logs within its bounds."""

import pulumi
from pulumi_kubernetes import batch, core
from pulumi_kubernetes.batch.v1 import CronJobSpecArgs, JobSpecArgs, JobTemplateSpecArgs
from pulumi_kubernetes.core.v1 import PersistentVolumeClaimVolumeSourceArgs, VolumeArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow import pods
from infra.airflow.files import script_files
from infra.airflow.parts import Parts
from infra.airflow.world import HOME
from infra.contracts import NodePool, Text
from infra.settings.release import Release, ShareLogs


def rotate(
    release: Release,
    mode: ShareLogs,
    claim: Text,
    account: Text,
    pool: NodePool,
    pull: Text | None,
    opts: pulumi.ResourceOptions,
) -> batch.v1.CronJob:
    """Every hour: by age, and by size before the share is full."""
    own = Parts(release)
    scripts = core.v1.ConfigMap(
        own.of("rotation-scripts"),
        metadata=ObjectMetaArgs(namespace=own.namespace, labels=own.labels("rotation")),
        data=script_files("rotate_logs.py"),
        immutable=True,
        opts=opts,
    )
    work = pods.Work(
        name="rotation",
        image=release.image,
        labels=own.labels("rotation"),
        args=["python", "/opt/scripts/rotate_logs.py", f"{HOME}/logs", str(mode.retention_days), str(mode.size_gib)],
        reaches=(),
        volumes=[
            pods.scripts_volume("scripts", scripts.metadata.name.apply(str)),
            VolumeArgs(name="logs", persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim)),
        ],
        mounts=[pods.mount("scripts", "/opt/scripts"), pods.mount("logs", f"{HOME}/logs", read_only=False)],
        cpu="50m",
        memory="256Mi",
        service_account=account,
        pull_secrets=[pull] if pull is not None else [],
        pool=pool,
    )
    job = JobSpecArgs(backoff_limit=0, active_deadline_seconds=3000, template=pods.template(work))
    return batch.v1.CronJob(
        own.of("rotation"),
        metadata=ObjectMetaArgs(namespace=own.namespace, labels=own.labels("rotation")),
        spec=CronJobSpecArgs(
            schedule="17 * * * *",
            time_zone="Etc/UTC",
            concurrency_policy="Forbid",
            successful_jobs_history_limit=1,
            failed_jobs_history_limit=2,
            job_template=JobTemplateSpecArgs(spec=job),
        ),
        opts=opts,
    )
