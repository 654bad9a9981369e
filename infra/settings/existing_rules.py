"""Rules of a cluster that is already there. They run over whatever parsed, see infra/settings/rules.py."""

from collections.abc import Iterator

from infra.settings.base import Tier
from infra.settings.certificates import certificate_file
from infra.settings.existing import ExistingCloud, ExternalDatabase, HostPathFiles
from infra.settings.model import Settings
from infra.settings.problems import Problem

_DATABASE = "airflow:cloud.database"


def production_on_existing(settings: Settings) -> Iterator[Problem]:
    """On a cluster that is already there, production needs a database that somebody keeps highly available."""
    cloud = settings.cloud
    if settings.tier is not Tier.production or not isinstance(cloud, ExistingCloud):
        return
    rule, database = "production needs a highly available database", cloud.database
    if not isinstance(database, ExternalDatabase):
        yield Problem(f"{_DATABASE}.kind", rule, "use kind external", "cluster")
    elif not database.highly_available:
        yield Problem(f"{_DATABASE}.highlyAvailable", rule, "use one with a standby, and set true", False)
    if isinstance(database, ExternalDatabase) and database.backup_retention_days < 7:
        rule, given = "production keeps backups for 7 days or more", database.backup_retention_days
        yield Problem(f"{_DATABASE}.backupRetentionDays", rule, "set 7 or more", given)
    if cloud.single_node:
        yield Problem("airflow:cloud.singleNode", "production needs more than one node", "set it to false", True)


def ca_file(settings: Settings) -> Iterator[Problem]:
    """The CA of a database elsewhere is read while the plan is made, and decides whether anything connects at all."""
    database = settings.cloud.database if isinstance(settings.cloud, ExistingCloud) else None
    if not isinstance(database, ExternalDatabase):
        return
    cure = "ask the database's owner for the CA that signed its certificate, as PEM"
    yield from certificate_file(f"{_DATABASE}.caFile", database.ca_file, cure)


def folders_of_one_node(settings: Settings) -> Iterator[Problem]:
    """A folder of a node is there on that node only; so is a volume that one node mounts."""
    cloud = settings.cloud
    if isinstance(cloud, ExistingCloud) and isinstance(cloud.files, HostPathFiles) and not cloud.single_node:
        yield Problem(
            "airflow:cloud.files.kind",
            "hostPath needs a cluster of one node",
            "use kind storageClass with a class that offers ReadWriteMany, or set cloud.singleNode to true",
            "hostPath",
        )


def one_release_by_node_port(settings: Settings) -> Iterator[Problem]:
    """A node's port leads to one Service: the ingress controller's, or a single release's own."""
    cloud = settings.cloud
    if not isinstance(cloud, ExistingCloud) or cloud.node_port is None or settings.platform.ingress.state != "off":
        return
    without_host = [release.name for release in settings.releases if release.host is None]
    if len(without_host) > 1:
        yield Problem(
            "airflow:cloud.nodePort",
            f"a port of the node serves one release, and {' and '.join(without_host)} have no host",
            "leave it out and use `make ui`, or serve them by platform.ingress",
            cloud.node_port,
        )


RULES = (production_on_existing, ca_file, folders_of_one_node, one_release_by_node_port)
