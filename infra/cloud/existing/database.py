"""PostgreSQL for an existing cluster: one that somebody else runs, or one in the cluster."""

from pathlib import Path

from infra.cloud.existing import pods, postgres
from infra.contracts import Cluster, Database, Peer
from infra.names import Names
from infra.settings import Secrets, Settings
from infra.settings.existing import ExistingCloud, ExternalDatabase


def build(cloud: ExistingCloud, settings: Settings, secrets: Secrets, cluster: Cluster, names: Names) -> Database:
    """The server that the settings name, or ours."""
    if isinstance(cloud.database, ExternalDatabase):
        return _external(cloud.database, secrets)
    password = secrets.output("databasePassword")
    server = postgres.PostgresServer("postgres", cloud.database, settings.sized.database, password, cluster, names)
    return Database(
        host=postgres.host(names),
        port=pods.PORT,
        admin_user=pods.ADMIN,
        admin_password=password,
        ca_bundle=server.ca,
        peers=(server.peer,),
        storage_gib=cloud.database.storage_gib,
        ready=server.ready,
    )


def _external(database: ExternalDatabase, secrets: Secrets) -> Database:
    """What connects is allowed to go anywhere on its port: a name may lead to another address tomorrow."""
    return Database(
        host=database.host,
        port=database.port,
        admin_user=database.admin_user,
        admin_password=secrets.output("databasePassword"),
        ca_bundle=Path(database.ca_file).expanduser().read_text(),
        peers=(Peer(cidr="0.0.0.0/0"),),
    )
