"""The Secrets of a release: one for each purpose, auto-named, so that a change rolls what uses it and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow.credentials import (
    broker_url,
    database_url,
    git_connection,
    libpq_url,
    slack_connection,
    smtp_connection,
    ssh_key,
)
from infra.airflow.parts import Parts
from infra.airflow.tls import result_query
from infra.airflow.world import git_connection_id
from infra.contracts import Database
from infra.names import result_schema, schema
from infra.settings import ReleaseSecrets
from infra.settings.payload import compressed
from infra.settings.release import BundleDags, GitDags, Release

Value = pulumi.Output[str]


@dataclass(frozen=True)
class Keys:
    """Names of the Secrets, as the chart's values and our own pods refer to them. None: this release needs no such."""

    fernet: Value
    jwt: Value
    api: Value
    database: Value
    admin: Value
    settings: Value
    broker: Value | None = None
    broker_password: Value | None = None
    result: Value | None = None
    flower: Value | None = None
    keda: Value | None = None
    git: Value | None = None
    connections: Mapping[str, Value] | None = None
    pull: Value | None = None


class ReleaseKeys(pulumi.ComponentResource):
    """Makes the Secrets; `names` holds what they are called."""

    names: Keys

    def __init__(
        self,
        name: str,
        release: Release,
        secrets: ReleaseSecrets,
        database: Database,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:airflow:ReleaseKeys", name, None, opts)
        self._release, self._secrets, self._parts = release, secrets, Parts(release)
        url = self._url("databasePassword", schema(release.name), database)
        self.names = Keys(
            fernet=self._secret("fernet", {"fernet-key": secrets.output("fernetKey")}),
            jwt=self._secret("jwt", {"jwt-secret": secrets.output("jwtSecret")}),
            api=self._secret("api", {"api-secret-key": secrets.output("apiSecretKey")}),
            database=self._secret("database", {"connection": url}),
            admin=self._secret("admin", {"password": secrets.output("adminPassword")}),
            settings=self._compressed(),
            connections=self._connections(),
            git=self._git(),
            pull=self._pull(),
            **self._celery(database),
        )
        self.register_outputs({})

    def _secret(self, purpose: str, data: Mapping[str, pulumi.Input[str]], kind: str = "Opaque") -> Value:
        made = core.v1.Secret(
            self._parts.of(purpose),
            metadata=ObjectMetaArgs(namespace=self._parts.namespace, labels=self._parts.labels("keys")),
            type=kind,
            string_data=data,
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.metadata.name.apply(str)

    def _compressed(self) -> Value:
        made = core.v1.Secret(
            self._parts.of("settings"),
            metadata=ObjectMetaArgs(namespace=self._parts.namespace, labels=self._parts.labels("keys")),
            data={"settings.yaml.gz": self._secrets.output("settings").apply(compressed)},
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.metadata.name.apply(str)

    def _celery(self, database: Database) -> dict[str, Value]:
        celery = self._release.celery
        if celery is None:
            return {}
        role, host = result_schema(self._release.name), self._parts.broker_host
        result = self._url("resultPassword", role, database, result_query(database)).apply(lambda url: f"db+{url}")
        password = self._secrets.output("brokerPassword")
        made = {
            "broker": self._secret(
                "broker", {"connection": password.apply(lambda text: broker_url(celery.broker, text, host))}
            ),
            "broker_password": self._secret("broker-password", {"password": password}),
            "result": self._secret("result", {"connection": result}),
        }
        if celery.keda:
            made["keda"] = self._secret("keda", {"connection": self._keda(database)})
        if celery.flower:
            basic = self._secrets.output("flowerPassword").apply(lambda text: f"{self._release.admin.username}:{text}")
            made["flower"] = self._secret("flower", {"basicAuth": basic})
        return made

    def _keda(self, database: Database) -> Value:
        role, query = schema(self._release.name), result_query(database)
        return self._url("databasePassword", role, database, query).apply(libpq_url)

    def _url(self, password: str, role: str, database: Database, query: str = "") -> Value:
        """The address of a role's own database, by the login whose turn it is."""
        secrets = self._secrets
        return pulumi.Output.all(secrets.login(role, password), secrets.output(password), database.host).apply(
            lambda given: database_url(given[0], given[1], given[2], database.port, role, query)
        )

    def _git(self) -> Value | None:
        dags = self._release.dags
        if isinstance(dags, BundleDags):
            known = "".join(sorted({one.known_hosts for one in dags.repositories if one.known_hosts}))
            return self._secret("git", {"known_hosts": known}) if known else None
        if not isinstance(dags, GitDags) or dags.auth == "none":
            return None
        if dags.auth == "sshKey":
            return self._secret("git", {"gitSshKey": self._secrets.output("gitSshKey").apply(ssh_key)})
        token = self._secrets.output("gitToken")
        user = {f"{prefix}_USERNAME": dags.user for prefix in ("GIT_SYNC", "GITSYNC")}
        return self._secret("git", {**user, **{f"{prefix}_PASSWORD": token for prefix in ("GIT_SYNC", "GITSYNC")}})

    def _connections(self) -> dict[str, Value]:
        made: dict[str, pulumi.Output[str]] = {}
        release, secrets = self._release, self._secrets
        if release.email:
            password = secrets.output("smtpPassword") if release.email.user else pulumi.Output.secret("")
            made["smtp_default"] = password.apply(lambda text: smtp_connection(release, text or None))
        if release.slack:
            made["slack_default"] = secrets.output("slackUrl").apply(slack_connection)
        for repository in release.dags.repositories if isinstance(release.dags, BundleDags) else ():
            key = {"sshKey": "gitSshKey", "token": "gitToken"}.get(repository.auth)
            if key:
                made[git_connection_id(repository)] = secrets.output(key).apply(
                    lambda text, repository=repository: git_connection(repository, text)
                )
        return {
            name: self._secret(f"connection-{name.replace('_', '-')}", {"connection": value})
            for name, value in made.items()
        }

    def _pull(self) -> Value | None:
        if not self._release.image.pull_secret:
            return None
        config = {".dockerconfigjson": self._secrets.output("registryConfig")}
        return self._secret("pull", config, "kubernetes.io/dockerconfigjson")
