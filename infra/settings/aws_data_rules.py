"""Rules of AWS about the database and tags."""

import re
from collections.abc import Iterator

from infra.settings import aws_facts
from infra.settings.aws import WEEK, AwsDatabase, minutes
from infra.settings.aws_rules import aws
from infra.settings.certificates import certificate_file
from infra.settings.model import Settings
from infra.settings.problems import Problem, nearest

ADMIN_USER = 16
STORAGE_GIB = (20, 65536)  # gp3
TAGS = 40  # AWS takes 50; ours, a `Name`, the subnets' and the volumes' are among them
CHARACTERS = "letters, digits, spaces and _ . : / + - @"


def ca_file(settings: Settings) -> Iterator[Problem]:
    """A file that is named is there and holds a certificate."""
    given = aws(settings).database.ca_file
    if given is None:
        return
    yield from certificate_file("airflow:cloud.database.caFile", given, "save the region's bundle of RDS certificates")


def database(settings: Settings) -> Iterator[Problem]:
    """A class, a version and a storage that RDS for PostgreSQL has."""
    sized = settings.sized
    if sized.aws.database_class not in (classes := aws_facts.database_classes()):
        near = nearest(sized.aws.database_class, classes)
        yield Problem(
            "airflow:figures.aws.databaseClass",
            "a class of RDS for PostgreSQL",
            f"did you mean {near or 'db.m6g.large'}?",
            sized.aws.database_class,
        )
    least, most = STORAGE_GIB
    if not least <= sized.database.storage_gib <= most:
        yield Problem(
            "airflow:figures.database.storageGib",
            f"{least} to {most} GiB",
            f"set {least} or more",
            sized.database.storage_gib,
        )
    # RDS refuses a ceiling that is less than a tenth above the storage, for then it could never grow.
    if not sized.database.storage_gib * 1.1 <= sized.database.max_storage_gib <= most:
        yield Problem(
            "airflow:figures.database.maxStorageGib",
            f"a tenth or more above storageGib, and at most {most}",
            "twice the storage is a good start",
            sized.database.max_storage_gib,
        )


def admin_user(settings: Settings) -> Iterator[Problem]:
    """RDS takes a shorter name than PostgreSQL."""
    name = aws(settings).database.admin_user
    if len(name) > ADMIN_USER:
        rule = f"at most {ADMIN_USER} characters: RDS takes no more"
        yield Problem("airflow:cloud.database.adminUser", rule, "use airflow_admin", name)


def postgres_version(settings: Settings) -> Iterator[Problem]:
    """The minor version is one of the major one, whose parameters the instance gets."""
    wanted = aws(settings).database
    if wanted.postgres_version and wanted.postgres_version.partition(".")[0] != str(wanted.postgres_major):
        yield Problem(
            "airflow:cloud.database.postgresVersion",
            f"a minor version of postgresMajor, {wanted.postgres_major}",
            "set both, or leave this one out",
            wanted.postgres_version,
        )


def final_snapshot(settings: Settings) -> Iterator[Problem]:
    """Production's database is never deleted without a trace."""
    if aws(settings).database.final_snapshot is False and settings.production:
        yield Problem(
            "airflow:cloud.database.finalSnapshot", "production leaves a snapshot", "leave it out or set true", False
        )


def windows(settings: Settings) -> Iterator[Problem]:
    """RDS refuses a maintenance that may run into the backup, but only once everything else is half built."""
    wanted = aws(settings).database
    if overlap(wanted):
        yield Problem(
            "airflow:cloud.database.backupWindow",
            f"apart from the maintenance window ({wanted.maintenance_window})",
            "move one of the two, for example to 01:00-02:00",
            wanted.backup_window,
        )


def overlap(wanted: AwsDatabase) -> bool:
    """Whether the daily backup and the weekly maintenance have a minute in common."""
    begin, length = minutes(wanted.maintenance_window)
    backup, lasting = minutes(wanted.backup_window)
    daily = ((backup + day * 1440 - begin) % WEEK for day in range(7))
    return any(start < length or start + lasting > WEEK for start in daily)


def tags(settings: Settings) -> Iterator[Problem]:
    """Tags that every service takes, and the load balancer's annotation too, which lists them as k=v,k=v."""
    if len(settings.tags) > TAGS:
        yield Problem("airflow:tags", f"at most {TAGS}", "remove some", len(settings.tags))
    for name, value in settings.tags.items():
        key = f"airflow:tags.{name}"
        if not re.fullmatch(r"[\w .:/+@-]{1,128}", name) or name.lower().startswith("aws:"):
            yield Problem(key, f"a tag's name: 1 to 128 {CHARACTERS}, not aws: first", "rename it", name)
        if not re.fullmatch(r"[\w .:/+@-]{0,256}", value):
            yield Problem(key, f"a tag's value: at most 256 {CHARACTERS}", "change it", value)


RULES = (
    ca_file,
    database,
    admin_user,
    postgres_version,
    final_snapshot,
    windows,
    tags,
)
