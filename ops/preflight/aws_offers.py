"""What AWS offers in this region and account of what the stack is made of."""

import math
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from infra.cloud.aws.stack import Place
from infra.versions import POSTGRES_ENDS
from ops.preflight.answer import Answer, answer, until
from ops.preflight.aws_client import Question, Region, absent

ROOM = 1.1  # RDS takes no ceiling that is less than a tenth above what is there
#: Where EKS puts no control plane (its user guide, "VPC and subnet requirements"); each account's letters differ.
WITHOUT_EKS = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})


def offers(place: Place, region: Region) -> Iterator[Question]:
    """Zones, Kubernetes, instance types, and the database with the snapshot that it comes from."""
    yield "zones", lambda: _zones(place, region)
    yield "Kubernetes", lambda: _kubernetes(place, region)
    yield "instance types", lambda: _types(place, region)
    yield "database", lambda: _database(place, region)
    if place.cloud.database.restore_from_snapshot:
        yield "snapshot", lambda: _snapshot(place, region)


def _zones(place: Place, region: Region) -> Iterator[Answer]:
    listed = region["ec2"].describe_availability_zones()["AvailabilityZones"]
    there = {one["ZoneName"] for one in listed if one["ZoneId"] not in WITHOUT_EKS}
    missing = sorted(set(place.cloud.used_zones) - there)
    found = f"{', '.join(missing)} without EKS or not in this account" if missing else ", ".join(place.cloud.used_zones)
    yield answer("zones", not missing, found, f"set cloud.zones to two or three of {', '.join(sorted(there))}")


def _kubernetes(place: Place, region: Region) -> Iterator[Answer]:
    """EKS makes no cluster without extended support, which costs six times as much, of a version that needs it."""
    version = place.cloud.cluster.kubernetes_version
    listed = region["eks"].describe_cluster_versions(includeAll=True)["clusterVersions"]
    standard = {one["clusterVersion"]: one for one in listed if one["versionStatus"] == "STANDARD_SUPPORT"}
    question = f"standard support of Kubernetes {version}"
    cure = f"set cloud.cluster.kubernetesVersion to one of {', '.join(sorted(standard))}"
    if version in standard:
        end = standard[version]["endOfStandardSupportDate"].date()
        yield until(question, end, f"{cure}: on that day EKS itself upgrades")
    else:
        yield answer(question, False, "no longer", cure)


def _types(place: Place, region: Region) -> Iterator[Answer]:
    sized = place.settings.sized.aws
    for kind in sorted({sized.system.instance_type, sized.tasks.instance_type}):
        filters = [{"Name": "instance-type", "Values": [kind]}]
        offered = region["ec2"].describe_instance_type_offerings(LocationType="availability-zone", Filters=filters)
        zones = {one["Location"] for one in offered["InstanceTypeOfferings"]}
        missing = sorted(set(place.cloud.used_zones) - zones)
        found = f"not in {', '.join(missing)}" if missing else "in every zone"
        yield answer(f"instance type {kind}", not missing, found, "choose another type or other zones")


def _database(place: Place, region: Region) -> Iterator[Answer]:
    kind, major = place.settings.sized.aws.database_class, str(place.cloud.database.postgres_major)
    pinned = place.cloud.database.postgres_version
    pages = region["rds"].get_paginator("describe_orderable_db_instance_options")
    options: list[dict[str, Any]] = [
        one
        for page in pages.paginate(Engine="postgres", DBInstanceClass=kind, Vpc=True)
        for one in page["OrderableDBInstanceOptions"]
        if (one["EngineVersion"] == pinned if pinned else one["EngineVersion"].split(".")[0] == major)
    ]
    wanted = place.cloud.database.highly_available
    standby = place.settings.production if wanted is None else wanted
    ready = [one for one in options if one["MultiAZCapable"]] if standby else options
    found = f"{len(ready)} minor versions" if ready else "not offered"
    yield answer(
        f"database {kind} with PostgreSQL {pinned or major}", bool(ready), found, "choose another databaseClass"
    )
    there = _standing(place, region)
    yield until(
        f"support of PostgreSQL {major}",
        POSTGRES_ENDS[int(major)],
        "raise cloud.database.postgresMajor (docs/aws.md, Upgrades)",
        standing=there is not None,
    )
    if there is not None and not place.cloud.database.restore_from_snapshot:
        yield from _upgrade(place, region, there.get("EngineVersion", major))


def _upgrade(place: Place, region: Region, now: str) -> Iterator[Answer]:
    """RDS goes from a minor version to those of its own list alone; a newer 16.x has no way to the first of the 17.x.

    A major version by itself is RDS's default one of it (terraform-aws-rds#627).
    """
    wanted = place.cloud.database
    major = str(wanted.postgres_major)
    if now == wanted.postgres_version or (not wanted.postgres_version and now.partition(".")[0] == major):
        return
    versions = region["rds"].describe_db_engine_versions
    (standing,) = versions(Engine="postgres", EngineVersion=now)["DBEngineVersions"]
    targets = [one["EngineVersion"] for one in standing["ValidUpgradeTarget"]]
    target = wanted.postgres_version
    if target is None:
        (default,) = versions(Engine="postgres", EngineVersion=major, DefaultOnly=True)["DBEngineVersions"]
        target = default["EngineVersion"]
    fitting = [one for one in targets if one.partition(".")[0] == major]
    cure = f'set cloud.database.postgresVersion to "{fitting[-1]}"' if fitting else f"first to {', '.join(targets)}"
    yield answer(f"upgrade of PostgreSQL {now}", target in targets, f"to {target}", cure)


def _standing(place: Place, region: Region) -> dict[str, Any] | None:
    """The database that an earlier `up` made."""
    try:
        (found,) = region["rds"].describe_db_instances(DBInstanceIdentifier=place.database_name)["DBInstances"]
    except ClientError as error:
        if not absent(error):
            raise
        return None
    return found


def _snapshot(place: Place, region: Region) -> Iterator[Answer]:
    name, most = place.cloud.database.restore_from_snapshot, place.settings.sized.database.max_storage_gib
    try:
        (found,) = region["rds"].describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
    except ClientError as error:
        if not absent(error):
            raise
        yield answer(f"snapshot {name}", False, "not there", "mend cloud.database.restoreFromSnapshot")
        return
    held, needed = found["AllocatedStorage"], math.ceil(found["AllocatedStorage"] * ROOM)
    cure = f"set figures.database.maxStorageGib to {needed} or more"
    yield answer(f"snapshot {name}", needed <= most, f"of {held} GiB, for a database of at most {most}", cure)
