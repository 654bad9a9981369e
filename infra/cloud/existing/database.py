"""PostgreSQL for an existing cluster: one that somebody else runs."""

from pathlib import Path

import pulumi

from infra.contracts import Cluster, Database, Peer
from infra.names import Names
from infra.settings import Secrets, Settings
from infra.settings.existing import ExistingCloud, ExternalDatabase


def build(cloud: ExistingCloud, settings: Settings, secrets: Secrets, cluster: Cluster, names: Names) -> Database:
    """The server that the settings name."""
    if not isinstance(cloud.database, ExternalDatabase):
        raise pulumi.RunError("the database in the cluster is not available yet")
    pem = Path(cloud.database.ca_file).read_text() if cloud.database.ca_file else ""
    return Database(
        host=cloud.database.host,
        port=cloud.database.port,
        admin_user=cloud.database.admin_user,
        admin_password=secrets.output("databasePassword"),
        ca_bundle=pem,
        peers=(Peer(cidr="0.0.0.0/0"),),
    )
