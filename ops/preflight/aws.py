"""AWS, asked read-only: is it the account, is there room, is what the stack needs offered and free?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import yaml
from botocore.exceptions import ClientError  # pyright: ignore[reportMissingTypeStubs]

from infra.cloud.aws.stack import Place
from infra.names import Names
from infra.settings import Settings
from infra.settings.aws import AwsCloud
from ops.preflight.answer import Answer, State, answer
from ops.preflight.aws_client import Question, Region, absent, asked
from ops.preflight.aws_names import names_taken
from ops.preflight.aws_network import network
from ops.preflight.aws_offers import offers
from ops.preflight.aws_quotas import quotas


def ask(cloud: AwsCloud, settings: Settings, names: Names, file: Path) -> Iterator[Answer]:
    """Every question about this stack. In the wrong account, or logged in nowhere, nothing else is asked."""
    place, region = Place(cloud, settings, names), Region(cloud.region)
    identity = list(asked("account", lambda: _account(place, region)))
    yield from identity
    if identity[0].state is not State.good:
        return
    questions: list[Question] = [
        ("administrators", lambda: _admins(place, region)),
        ("permissions boundary", lambda: _boundary(place, region)),
        *offers(place, region),
        *network(place, region),
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
    who = _who(identity["Arn"])
    admins = {arn.rpartition("/")[2] for arn in place.cloud.cluster.admins}
    yield answer(
        "right to work in the cluster",
        who in admins,
        who,
        "run as a role of cloud.cluster.admins, or add this one",
    )


def _admins(place: Place, region: Region) -> Iterator[Answer]:
    """EKS takes a role's ARN with its whole path alone, and says so after ten minutes (terraform-aws-eks#2969).

    Roles of other accounts cannot be looked at, and users are as they are written.
    """
    own = place.arn("iam", "role/", region=False)
    cluster = place.cloud.cluster
    for arn in (one for one in (*cluster.admins, *cluster.viewers) if one.startswith(own)):
        name = arn.rpartition("/")[2]
        try:
            found = region["iam"].get_role(RoleName=name)["Role"]["Arn"]
        except ClientError as error:
            if not absent(error):
                raise
            found = "not there"
        kind = "administrator" if arn in cluster.admins else "viewer"
        cure = "make it, or name another" if found == "not there" else f"write {found} in its place"
        yield answer(f"{kind} {name}", found == arn, found, f"cloud.cluster.admins, viewers: {cure}")


def _boundary(place: Place, region: Region) -> Iterator[Answer]:
    """IAM makes no role whose boundary is not there."""
    if (arn := place.cloud.permissions_boundary) is None:
        return
    try:
        found, good = region["iam"].get_policy(PolicyArn=arn)["Policy"]["Arn"], True
    except ClientError as error:
        if not absent(error):
            raise
        found, good = "not there", False
    yield answer("permissions boundary", good, found, "make it of docs/aws/permissions-boundary.json, or mend the key")


def _who(arn: str) -> str:
    """The name of whoever is asking: a role in use is assumed-role/ROLE/SESSION, a user user/PATH/NAME."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else rest.rpartition("/")[2] or kind


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
    given = urlsplit(str(content.get("secretsprovider", "")))
    if given.scheme != "awskms":
        return
    key = f"{given.netloc}{given.path}".lstrip("/")
    (where,) = parse_qs(given.query).get("region", [region.name])
    try:
        state = Region(where)["kms"].describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    except ClientError as error:
        if not absent(error):
            raise
        state = f"not in {where}"
    yield answer(f"key of the secrets, {key}", state == "Enabled", state, "enable the key, or choose another")
