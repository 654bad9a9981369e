"""A release's roles and databases on the server, made by an awaited Job in the administrator's namespace."""

from dataclasses import replace

import pulumi
from pulumi_kubernetes import batch, core
from pulumi_kubernetes.batch.v1 import JobSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow import pods, tls
from infra.airflow.commons import Commons
from infra.contracts import Database, Foundation
from infra.names import result_schema, schema
from infra.settings import ReleaseSecrets
from infra.settings.release import Release

ANNOTATIONS = {
    # A Job that failed stays failed: the next run makes it anew.
    "pulumi.com/replaceUnready": "true",
}


class ReleaseDatabase(pulumi.ComponentResource):
    """Depend on `job`: the release's role owns its database, and comes in with the password in the config.

    `logins` are those that the release's roles come in by, and `by_hand` a Job that ends all others.
    """

    job: batch.v1.Job
    logins: pulumi.Output[str]
    by_hand: pods.Work

    def __init__(
        self,
        name: str,
        release: Release,
        secrets: ReleaseSecrets,
        foundation: Foundation,
        commons: Commons,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:airflow:ReleaseDatabase", name, None, opts)
        self._release, self._secrets, self._commons = release, secrets, commons
        labels = {"app.kubernetes.io/name": "database-bootstrap", "release": release.name}
        # The namespace is the component's own wait; the server is the one of this Job alone.
        depends: list[pulumi.Resource] = [commons.admin, *foundation.database.ready]
        passwords = self._passwords()
        work = self._work(foundation, labels, passwords)
        logins = [secrets.login(role, key) for role, key in self._roles().items()]
        self.logins = pulumi.Output.all(*logins).apply(" ".join)
        self.by_hand = replace(work, name="close-logins", args=[*work.args, "close"])
        self.job = batch.v1.Job(
            f"{release.name}-database",
            metadata=ObjectMetaArgs(namespace=commons.admin.namespace, labels=labels, annotations=ANNOTATIONS),
            spec=JobSpecArgs(
                backoff_limit=2,  # each waits for the server first
                active_deadline_seconds=540,
                template=pods.template(work),
            ),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=depends, custom_timeouts=pulumi.CustomTimeouts(create="10m")
            ),
        )
        self.register_outputs({})

    def _work(self, foundation: Foundation, labels: dict[str, str], passwords: pulumi.Output[str]) -> pods.Work:
        commons, database = self._commons, foundation.database
        ca = commons.admin_ca
        return pods.Work(
            name="bootstrap",
            image=self._release.image,
            labels=labels,
            args=["python", "/opt/scripts/bootstrap.py"],
            reaches=[(database.host, database.port)],
            env=[*_server(database), *tls.env_args(database), *self._env(passwords)],
            volumes=[
                pods.scripts_volume("scripts", commons.admin_scripts),
                *([tls.volume_args(ca)] if ca is not None else []),
            ],
            mounts=[pods.mount("scripts", "/opt/scripts"), *([tls.mount_args()] if ca is not None else [])],
            memory="256Mi",
            pool=foundation.cluster.system,
            pull_secrets=self._pull(),
        )

    def _roles(self) -> dict[str, str]:
        """Role → name of the secret that holds its password."""
        name = self._release.name
        results = {result_schema(name): "resultPassword"} if self._release.on_celery else {}
        return {schema(name): "databasePassword", **results}

    def _passwords(self) -> pulumi.Output[str]:
        made = core.v1.Secret(
            f"{self._release.name}-roles",
            metadata=ObjectMetaArgs(namespace=self._commons.admin.namespace),
            string_data={name: self._secrets.output(name) for name in self._roles().values()},
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._commons.admin.made]),
        )
        return made.metadata.name.apply(str)

    def _env(self, passwords: pulumi.Output[str]) -> list[core.v1.EnvVarArgs]:
        variables = {role: f"PASSWORD_{number}" for number, role in enumerate(self._roles())}
        roles = {
            role: {"login": self._secrets.login(role, name), "password": variables[role]}
            for role, name in self._roles().items()
        }
        return [
            core.v1.EnvVarArgs(name="ROLES", value=pulumi.Output.json_dumps(roles)),
            pods.secret_env("PGPASSWORD", self._commons.admin_secret, "password"),
            *(pods.secret_env(variables[role], passwords, name) for role, name in self._roles().items()),
        ]

    def _pull(self) -> list[pulumi.Output[str]]:
        if not self._release.image.pull_secret:
            return []
        made = core.v1.Secret(
            f"{self._release.name}-database-pull",
            metadata=ObjectMetaArgs(namespace=self._commons.admin.namespace),
            type="kubernetes.io/dockerconfigjson",
            string_data={".dockerconfigjson": self._secrets.output("registryConfig")},
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._commons.admin.made]),
        )
        return [made.metadata.name.apply(str)]


def _server(database: Database) -> list[core.v1.EnvVarArgs]:
    given = {"PGHOST": database.host, "PGPORT": str(database.port), "PGUSER": database.admin_user}
    return [core.v1.EnvVarArgs(name=name, value=value) for name, value in given.items()]
