"""AWS, asked read-only: is it the account, is there room, is what the stack needs offered and free?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import yaml

from infra.cloud.aws.stack import Place
from infra.names import Names
from infra.settings import Settings
from infra.settings.aws import AwsCloud
from ops.preflight.answer import Answer, State, answer
from ops.preflight.aws_client import Question, Region, asked
from ops.preflight.aws_names import names_taken
from ops.preflight.aws_quotas import quotas


def ask(cloud: AwsCloud, settings: Settings, names: Names, file: Path) -> Iterator[Answer]:
    """Every question about this stack. In the wrong account nothing else is asked."""
    place, region = Place(cloud, settings, names), Region(cloud.region)
    identity = list(asked("account", lambda: _account(place, region)))
    yield from identity
    if any(one.state is State.bad for one in identity):
        return
    questions: list[Question] = [
        ("zones", lambda: _zones(place, region)),
        ("instance types", lambda: _types(place, region)),
        ("database", lambda: _database(place, region)),
        ("DNS zone", lambda: _dns(place, region)),
        ("secrets provider", lambda: _secrets_provider(region, file)),
        *quotas(place, region),
        *names_taken(place, region),
    ]
    for question, look in questions:
        yield from asked(question, look)


def _account(place: Place, region: Region) -> Iterator[Answer]:
    identity = region["sts"].get_caller_identity()
    account = place.cloud.account
    yield answer(
        "account",
        identity["Account"] == account,
        f"{identity['Account']}",
        f"log in to {account}, or mend cloud.account",
    )
    # arn:aws:sts::1:assumed-role/ROLE/SESSION is what a role looks like in use.
    role = identity["Arn"].split("/")[1]
    admins = {arn.rpartition("/")[2] for arn in place.cloud.cluster.admins}
    yield answer(
        "right to work in the cluster",
        role in admins,
        f"{role}",
        "run as a role of cloud.cluster.admins, or add this one",
    )


def _zones(place: Place, region: Region) -> Iterator[Answer]:
    there = {one["ZoneName"] for one in region["ec2"].describe_availability_zones()["AvailabilityZones"]}
    missing = sorted(set(place.cloud.used_zones) - there)
    found = f"{', '.join(missing)} not in this account" if missing else ", ".join(place.cloud.used_zones)
    yield answer("zones", not missing, found, f"set cloud.zones to two or three of {', '.join(sorted(there))}")


def _types(place: Place, region: Region) -> Iterator[Answer]:
    sized = place.settings.sized.aws
    for kind in sorted({sized.system.instance_type, sized.tasks.instance_type}):
        filters = [{"Name": "instance-type", "Values": [kind]}]
        offers = region["ec2"].describe_instance_type_offerings(LocationType="availability-zone", Filters=filters)
        zones = {one["Location"] for one in offers["InstanceTypeOfferings"]}
        missing = sorted(set(place.cloud.used_zones) - zones)
        found = f"not in {', '.join(missing)}" if missing else "in every zone"
        yield answer(f"instance type {kind}", not missing, found, "choose another type or other zones")


def _database(place: Place, region: Region) -> Iterator[Answer]:
    kind, major = place.settings.sized.aws.database_class, str(place.cloud.database.postgres_major)
    pages = region["rds"].get_paginator("describe_orderable_db_instance_options")
    options: list[dict[str, Any]] = [
        one
        for page in pages.paginate(Engine="postgres", DBInstanceClass=kind, Vpc=True)
        for one in page["OrderableDBInstanceOptions"]
        if one["EngineVersion"].split(".")[0] == major
    ]
    ready = [one for one in options if one["MultiAZCapable"]] if place.settings.production else options
    found = f"{len(ready)} minor versions" if ready else "not offered"
    yield answer(f"database {kind} with PostgreSQL {major}", bool(ready), found, "choose another databaseClass")


def _dns(place: Place, region: Region) -> Iterator[Answer]:
    wanted = place.settings.platform.dns
    if wanted.state != "existing" or wanted.zone is None:
        return
    listed = region["route53"].list_hosted_zones_by_name(DNSName=wanted.zone)["HostedZones"]
    found = [one for one in listed if one["Name"] == f"{wanted.zone}." and not one["Config"]["PrivateZone"]]
    cure = "delete the one too many" if found else "make it, or set platform.dns.state to on"
    yield answer(f"public DNS zone {wanted.zone}", len(found) == 1, f"{len(found)} of that name", cure)


def _secrets_provider(region: Region, file: Path) -> Iterator[Answer]:
    content = cast("dict[str, Any]", yaml.safe_load(file.read_text()) or {})
    given = str(content.get("secretsprovider", ""))
    if not given.startswith("awskms://"):
        return
    key = given.removeprefix("awskms://").partition("?")[0].lstrip("/")
    state = region["kms"].describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    yield answer(f"key of the secrets, {key}", state == "Enabled", state, "enable the key, or choose another")
