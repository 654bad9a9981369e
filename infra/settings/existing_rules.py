"""Rules of a cluster that is already there. They run over whatever parsed, see infra/settings/rules.py."""

import re
from collections.abc import Iterator
from pathlib import Path

from infra.settings.base import Tier
from infra.settings.existing import ClusterDatabase, ExistingCloud, ExternalDatabase, HostPathFiles
from infra.settings.model import Settings
from infra.settings.problems import Problem

_DATABASE = "airflow:cloud.database"


def production_on_existing(settings: Settings) -> Iterator[Problem]:
    """On a cluster that is already there, production needs a database that somebody keeps highly available."""
    cloud = settings.cloud
    if settings.tier is not Tier.production or not isinstance(cloud, ExistingCloud):
        return
    if not isinstance(cloud.database, ExternalDatabase):
        rule = "production needs a highly available database"
        yield Problem(f"{_DATABASE}.kind", rule, "use kind external", "cluster")
        return
    if not cloud.database.highly_available:
        yield Problem(
            f"{_DATABASE}.highlyAvailable",
            "production needs a highly available database",
            "use one with a standby",
            False,
        )
    if cloud.database.backup_retention_days < 7:
        yield Problem(
            f"{_DATABASE}.backupRetentionDays",
            "production keeps backups for 7 days or more",
            "set 7 or more",
            cloud.database.backup_retention_days,
        )
    if cloud.single_node:
        yield Problem("airflow:cloud.singleNode", "production needs more than one node", "set it to false", True)


def ca_file(settings: Settings) -> Iterator[Problem]:
    """The CA of a database elsewhere is read while the plan is made, and decides whether anything connects at all."""
    database = settings.cloud.database if isinstance(settings.cloud, ExistingCloud) else None
    if not isinstance(database, ExternalDatabase):
        return
    key, given = f"{_DATABASE}.caFile", database.ca_file
    rule = "a readable file with a CA certificate in PEM form"
    try:
        pem = Path(given).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        yield Problem(key, f"{rule} ({reason})", f"put it there, or name the right file; looked in {Path.cwd()}", given)
        return
    if "-----BEGIN CERTIFICATE-----" not in pem:
        yield Problem(key, rule, "ask the database's owner for the CA that signed its certificate, as PEM", given)
    if "PRIVATE KEY-----" in pem:
        yield Problem(key, "certificates only: this file goes to every pod", "take the private key out of it", given)


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


def backup_schedule(settings: Settings) -> Iterator[Problem]:
    """Kubernetes refuses a bad schedule in the middle of an `up`."""
    cloud = settings.cloud
    if not isinstance(cloud, ExistingCloud) or not isinstance(cloud.database, ClusterDatabase):
        return
    schedule = cloud.database.backup_schedule
    if not is_cron(schedule):
        key, rule = f"{_DATABASE}.backupSchedule", "a cron schedule of five fields, in UTC"
        yield Problem(key, rule, 'for example "0 2 * * *", daily at two', schedule)


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


def is_cron(text: str) -> bool:
    """Whether Kubernetes takes it: minute, hour, day, month and weekday, each `*`, numbers, ranges, lists, steps.

    Names of months and days are left out; so is a time zone in the text, which Kubernetes refuses.
    """
    fields = text.split()
    bounds = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
    return len(fields) == len(bounds) and all(map(_is_cron_field, fields, bounds))


def _is_cron_field(field: str, bounds: tuple[int, int]) -> bool:
    for part in field.split(","):
        match = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if not match:
            return False
        first, last, step = (int(number) if number else None for number in match.groups())
        if step == 0 or (first is not None and not bounds[0] <= first <= (bounds[1] if last is None else last)):
            return False
        if last is not None and last > bounds[1]:
            return False
    return True


RULES = (production_on_existing, ca_file, folders_of_one_node, backup_schedule, one_release_by_node_port)
