"""Own Jobs in place of the chart's hooks: migration and administrator, then the sync of settings; and the cleanup.

All of them run as the scheduler does: its image, its options, the database's URL and CA.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import batch, core, rbac
from pulumi_kubernetes.batch.v1 import CronJobSpecArgs, JobSpecArgs, JobTemplateSpecArgs
from pulumi_kubernetes.core.v1 import EnvVarArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, RoleRefArgs, SubjectArgs

from infra.airflow import access, pods, tls
from infra.airflow.config import Options, environment
from infra.airflow.database import ANNOTATIONS
from infra.airflow.files import script_files, sync_files
from infra.airflow.keys import Keys
from infra.airflow.parts import Parts
from infra.contracts import Database, NodePool, Text
from infra.settings.release import Release

_READABLE, _ADMINISTRATOR = "/opt/scripts/settings_encryption.py", "/opt/scripts/administrator.py"


@dataclass(frozen=True)
class Inside:
    """What every Job of a release has around it. `account` is the service account of them all."""

    release: Release
    keys: Keys
    account: Text
    database: Database
    ca: Text | None
    options: Options
    pool: NodePool

    def work(
        self, name: str, args: Sequence[str], env: Sequence[EnvVarArgs] = (), files: Mapping[str, Text] | None = None
    ) -> pods.Work:
        """A container as the scheduler's. `files`: folder → the ConfigMap in it."""
        own, ca = Parts(self.release), self.ca
        folders = {f"files-{number}": item for number, item in enumerate((files or {}).items())}
        return pods.Work(
            name=name,
            image=self.release.image,
            labels={**own.labels(name), **access.labels(self.release, "jobs")},
            args=args,
            reaches=[(self.database.host, self.database.port)],
            env=[*self._environment(), *env],
            volumes=[
                *(pods.scripts_volume(volume, config_map) for volume, (_, config_map) in folders.items()),
                *([tls.volume_args(ca)] if ca is not None else []),
            ],
            mounts=[
                *(pods.mount(volume, folder) for volume, (folder, _) in folders.items()),
                *([tls.mount_args()] if ca is not None else []),
            ],
            service_account=self.account,
            pull_secrets=[self.keys.pull] if self.keys.pull is not None else [],
            pool=self.pool,
        )

    def _environment(self) -> list[EnvVarArgs]:
        return [
            *pods.plain_env(environment(self.options)),
            *tls.env_args(self.database),
            pods.secret_env("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", self.keys.database, "connection"),
            pods.secret_env("AIRFLOW__CORE__FERNET_KEY", self.keys.fernet, "fernet-key"),
        ]


class ReleaseJobs(pulumi.ComponentResource):
    """Depend on `done`: the tables are there, and the administrator can log in."""

    done: tuple[pulumi.Resource, ...]

    def __init__(
        self,
        name: str,
        inside: Inside,
        waits: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:airflow:ReleaseJobs", name, None, opts)
        self._inside, self._parts = inside, Parts(inside.release)
        migration = self._migration(waits)
        # Airflow need not wait for its settings: they arrive while its pods start.
        self._sync(migration)
        self.done = (migration,)
        self._cleanup(migration)
        self.register_outputs({})

    def _migration(self, waits: Sequence[pulumi.Resource]) -> batch.v1.Job:
        admin = self._inside.release.admin
        env = [
            *pods.plain_env({"ADMIN_USERNAME": admin.username, "ADMIN_EMAIL": admin.email or "admin@localhost"}),
            pods.secret_env("ADMIN_PASSWORD", self._inside.keys.admin, "password"),
        ]
        scripts = {**script_files("administrator.py"), **sync_files("settings_encryption.py")}
        files = {"/opt/scripts": self._config_map("migration", scripts)}
        # Pods wait for this Job and not for the sync: a key that does not read the database must not reach them.
        args = ["bash", "-ec", f"python {_READABLE} && airflow db migrate && exec python {_ADMINISTRATOR}"]
        return self._job(self._inside.work("migration", args, env, files), waits)

    def _sync(self, migration: pulumi.Resource) -> batch.v1.Job:
        """Connections, variables, pools and users; passwords that it makes go into a Secret of the release."""
        passwords = self._parts.of("generated-passwords")
        allowed = self._may_write(passwords)
        files = {"/opt/sync": self._config_map("sync", sync_files())}
        administrator = self._inside.release.admin.username
        options = ["--passwords-secret", passwords, "--administrator", administrator]
        args = ["python", "/opt/sync", *options, "/etc/settings/settings.yaml.gz"]
        work = self._inside.work("sync", args, (), files)
        settings = core.v1.VolumeArgs(
            name="settings", secret=core.v1.SecretVolumeSourceArgs(secret_name=self._inside.keys.settings)
        )
        work = pods.with_volume(work, settings, "/etc/settings", kubernetes_token=True)
        return self._job(work, [migration, *allowed])

    def _may_write(self, secret: str) -> list[pulumi.Resource]:
        """Rights on that one Secret; `create` cannot be bound to a name."""
        name, opts = self._parts.of("sync"), pulumi.ResourceOptions(parent=self)
        metadata = ObjectMetaArgs(name=name, namespace=self._parts.namespace)
        one = PolicyRuleArgs(api_groups=[""], resources=["secrets"], resource_names=[secret], verbs=["get", "update"])
        create = PolicyRuleArgs(api_groups=[""], resources=["secrets"], verbs=["create"])
        role = rbac.v1.Role(name, metadata=metadata, rules=[one, create], opts=opts)
        binding = rbac.v1.RoleBinding(
            name,
            metadata=metadata,
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=name),
            subjects=[SubjectArgs(kind="ServiceAccount", name=self._inside.account, namespace=self._parts.namespace)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        return [role, binding]

    def _cleanup(self, migration: pulumi.Resource) -> None:
        cleanup = self._inside.release.cleanup
        if cleanup.state == "off":
            return
        files = {"/opt/scripts": self._config_map("cleanup", script_files("clean_database.py"))}
        args = [
            *("python", "/opt/scripts/clean_database.py", str(cleanup.retention_days)),
            *(cleanup.tables or ()),
        ]
        batch.v1.CronJob(
            self._parts.of("cleanup"),
            metadata=ObjectMetaArgs(namespace=self._parts.namespace, labels=self._parts.labels("cleanup")),
            spec=CronJobSpecArgs(
                schedule=cleanup.schedule,
                time_zone="Etc/UTC",
                concurrency_policy="Forbid",
                successful_jobs_history_limit=1,
                failed_jobs_history_limit=2,
                job_template=JobTemplateSpecArgs(
                    spec=JobSpecArgs(
                        backoff_limit=1,
                        active_deadline_seconds=7200,
                        template=pods.template(self._inside.work("cleanup", args, (), files)),
                    )
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[migration]),
        )

    def _config_map(self, purpose: str, data: Mapping[str, str]) -> pulumi.Output[str]:
        made = core.v1.ConfigMap(
            self._parts.of(f"{purpose}-scripts"),
            metadata=ObjectMetaArgs(namespace=self._parts.namespace, labels=self._parts.labels(purpose)),
            data=data,
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.metadata.name.apply(str)

    def _job(self, work: pods.Work, waits: Sequence[pulumi.Resource]) -> batch.v1.Job:
        return batch.v1.Job(
            self._parts.of(work.name),
            metadata=ObjectMetaArgs(namespace=self._parts.namespace, labels=work.labels, annotations=ANNOTATIONS),
            # Not again and again: a migration that failed half-way is for a person to look at.
            spec=JobSpecArgs(backoff_limit=2, active_deadline_seconds=1500, template=pods.template(work)),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(waits), custom_timeouts=pulumi.CustomTimeouts(create="30m")
            ),
        )
