"""What the database tells of itself: an exporter per release, with the release's own role over verified TLS.

No administrator's password is needed for it: the size of the own database and the count of connections are anybody's.
"""

import pulumi
from pulumi_kubernetes import core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.names import schema
from infra.platform.monitoring import package_data
from infra.platform.monitoring.monitors import DATABASE_LABELS
from infra.platform.site import Site
from infra.platform.workload import Workload, config_volume, deployment, secret_volume
from infra.settings import ReleaseSecrets
from infra.settings.release import Release
from infra.versions import POSTGRES_EXPORTER_IMAGE

PORT = 9187
_FILES, _PASSWORD = "/etc/exporter", "/run/secrets/database"
# On by default in v0.20.1; ours asks `data/queries.yaml` and nothing else, and these ask for rights that it has not.
_COLLECTORS = (
    "database",
    "locks",
    "replication",
    "replication_slots",
    "roles",
    "settings",
    "stat_activity",
    "stat_archiver",
    "stat_bgwriter",
    "stat_database",
    "stat_progress_vacuum",
    "stat_replication",
    "stat_user_tables",
    "statio_user_tables",
    "wal",
)


def exporter(
    release: Release, site: Site, secrets: ReleaseSecrets, namespace: str, opts: pulumi.ResourceOptions
) -> None:
    """The exporter of a release's database. Ready once it serves: it waits for no database, but says `pg_up 0`."""
    database, name = site.foundation.database, f"database-{release.name}"
    labels = {**DATABASE_LABELS, "release": release.name}
    metadata = ObjectMetaArgs(namespace=namespace, labels=site.names.labels("database-exporter"))
    given = core.v1.ConfigMap(
        name,
        metadata=metadata,
        data={"ca.pem": database.ca_bundle, "queries.yaml": package_data.text("queries.yaml")},
        opts=opts,
    )
    password = core.v1.Secret(
        name, metadata=metadata, string_data={"password": secrets.output("databasePassword")}, opts=opts
    )
    tls = f"sslmode=verify-full&sslrootcert={_FILES}/ca.pem"
    workload = Workload(
        image=POSTGRES_EXPORTER_IMAGE,
        args=[
            "--disable-default-metrics",
            f"--extend.query-path={_FILES}/queries.yaml",
            *(f"--no-collector.{collector}" for collector in _COLLECTORS),
        ],
        port=PORT,
        figures=site.figures.exporter,
        environment={
            "DATA_SOURCE_URI": pulumi.Output.format(
                "{0}:{1}/{2}?{3}", database.host, str(database.port), schema(release.name), tls
            ),
            "DATA_SOURCE_USER": secrets.login(schema(release.name), "databasePassword"),
            "DATA_SOURCE_PASS_FILE": f"{_PASSWORD}/password",
        },
        volumes={
            "files": (_FILES, config_volume("files", given)),
            "password": (_PASSWORD, secret_volume("password", password)),
        },
    )
    deployment(name, namespace, site, workload, labels, opts)
