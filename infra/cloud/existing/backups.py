"""Dumps of the database in the cluster on a schedule, and the Job that puts one back."""

import pulumi
from pulumi_kubernetes import batch, core, meta

from infra import wait_for
from infra.cloud.existing import pods
from infra.cloud.existing.scripts import script
from infra.names import DATABASE_DUMP, DATABASE_RESTORE, Names
from infra.namespaces import Namespace
from infra.settings.existing import ClusterDatabase
from infra.settings.figures import DatabaseFigures

VOLUME = "postgres-dumps"
FOLDER = "/backups"


class Backups(pulumi.ComponentResource):
    """A volume for dumps, a CronJob that makes them, and one that never runs by itself and restores.

    `make restore` makes a Job of the latter with the name of a dump: what it does is part of the plan, like the rest.
    """

    def __init__(
        self,
        name: str,
        *,
        database: ClusterDatabase,
        figures: DatabaseFigures,
        host: str,
        ca: pulumi.Output[str],
        password_secret: pulumi.Output[str],
        space: Namespace,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:existing:Backups", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=[space])
        namespace = space.namespace
        labels = names.labels("postgres-dumps")
        volume = core.v1.PersistentVolumeClaim(
            f"{name}-volume",
            metadata=meta.v1.ObjectMetaArgs(name=VOLUME, namespace=namespace, labels=labels),
            spec=pods.volume_claim(database.storage_class, database.storage_gib),
            opts=child,
        )
        config = core.v1.ConfigMap(
            f"{name}-scripts",
            metadata=meta.v1.ObjectMetaArgs(namespace=namespace, labels=labels),
            data={"dump.sh": script("dump.sh"), "restore.sh": script("restore.sh"), "ca.pem": ca},
            opts=child,
        )
        jobs = pulumi.ResourceOptions(parent=self, depends_on=[space, volume])
        for job, file in ((DATABASE_DUMP, "dump.sh"), (DATABASE_RESTORE, "restore.sh")):
            pod = _pod(file, host, figures, database.backup_retention_days, password_secret, config.metadata.name)
            batch.v1.CronJob(
                f"{name}-{job}",
                metadata=meta.v1.ObjectMetaArgs(name=job, namespace=namespace, labels=labels),
                spec=_schedule(database.backup_schedule, pod, labels, by_hand=job == DATABASE_RESTORE),
                opts=jobs,
            )
        self.register_outputs({})


def _schedule(
    cron: str, pod: core.v1.PodSpecArgs, labels: dict[str, str], *, by_hand: bool
) -> batch.v1.CronJobSpecArgs:
    return batch.v1.CronJobSpecArgs(
        schedule=cron,
        time_zone="Etc/UTC",
        suspend=by_hand,
        concurrency_policy="Forbid",
        starting_deadline_seconds=3600,
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=3,
        job_template=batch.v1.JobTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(labels=labels),
            spec=batch.v1.JobSpecArgs(
                backoff_limit=0 if by_hand else 3,
                active_deadline_seconds=6 * 3600,
                ttl_seconds_after_finished=24 * 3600,
                template=core.v1.PodTemplateSpecArgs(metadata=meta.v1.ObjectMetaArgs(labels=labels), spec=pod),
            ),
        ),
    )


def _pod(
    file: str,
    host: str,
    figures: DatabaseFigures,
    retention_days: int,
    password_secret: pulumi.Input[str],
    config: pulumi.Input[str],
) -> core.v1.PodSpecArgs:
    environment = {
        "PGHOST": host,
        "PGUSER": pods.ADMIN,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": pods.CA,
        "PASSWORD_FILE": f"{pods.PASSWORD}/password",
        "BACKUPS": FOLDER,
        "RETENTION_DAYS": str(retention_days),
    }
    return core.v1.PodSpecArgs(
        restart_policy="Never",
        automount_service_account_token=False,
        enable_service_links=False,
        security_context=pods.pod_security(),
        containers=[
            pods.container(
                "postgres",
                figures=figures,
                env=environment,
                mounts=[
                    pods.mount("password", pods.PASSWORD),
                    pods.mount("scripts", pods.SCRIPTS),
                    pods.mount("backups", FOLDER, read_only=False),
                    pods.mount("tmp", "/tmp", read_only=False),  # noqa: S108 the pod's own volume
                ],
                command=["bash", f"{pods.SCRIPTS}/{file}", *wait_for.command([(host, pods.PORT)])],
            )
        ],
        volumes=[
            pods.secret_volume("password", password_secret),
            pods.config_volume("scripts", config),
            pods.scratch_volume("tmp", "256Mi"),
            core.v1.VolumeArgs(
                name="backups",
                persistent_volume_claim=core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=VOLUME),
            ),
        ],
    )
