"""AWS: the account, the network, EKS, RDS and what stands beside them."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings import aws_facts
from infra.settings.base import Cidr, Model, Text, matching
from infra.settings.cloud_common import CloudCluster, CloudDatabase
from infra.settings.problems import refuse

WEEK = 7 * 24 * 60  # minutes
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def minutes(window: str) -> tuple[int, int]:
    """Where a window begins, in minutes of the week (of the day where it names none), and how long it is."""
    begin, end = (_minute(moment) for moment in window.split("-"))
    return begin, (end - begin) % (WEEK if window[0].isalpha() else 24 * 60)


def _minute(moment: str) -> int:
    *day, hour, minute = moment.split(":")
    return (DAYS.index(day[0]) * 24 + int(hour) if day else int(hour)) * 60 + int(minute)


def _window(day: str, example: str) -> AfterValidator:
    pattern = rf"{day}([01]\d|2[0-3]):[0-5]\d"

    def check(value: str) -> str:
        if not re.fullmatch(f"{pattern}-{pattern}", value) or not 30 <= minutes(value)[1] <= 24 * 60:
            raise refuse("half an hour to a day, in UTC", f"for example {example}")
        return value

    return AfterValidator(check)


MaintenanceWindow = Annotated[str, _window(f"({'|'.join(DAYS)}):", "sun:03:00-sun:04:00")]
BackupWindow = Annotated[str, _window("", "01:00-02:00")]
AccountId = Annotated[
    str, matching(r"[0-9]{12}", "an AWS account id: 12 digits, as quoted text", 'for example "123456789012"')
]
RoleArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[\w+=,.@/-]+",
        "the ARN of a role as IAM shows it, its path included (for single sign-on role/aws-reserved/…)",
        "for example arn:aws:iam::123456789012:role/airflow-admins",
    ),
]
PolicyArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+",
        "the ARN of a managed policy",
        "for example arn:aws:iam::123456789012:policy/airflow-boundary",
    ),
]
PostgresVersion = Annotated[
    str, matching(r"[0-9]{2}\.[0-9]{1,2}", "a minor version of PostgreSQL", 'as quoted text, for example "17.6"')
]
KeyArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-z-]+",
        "the ARN of a KMS key, not of an alias",
        "`aws kms describe-key` names it",
    ),
]
VpcId = Annotated[str, matching(r"vpc-[0-9a-z]+", "the id of a VPC", "for example vpc-0a1b2c3d4e5f67890")]
SubnetId = Annotated[str, matching(r"subnet-[0-9a-z]+", "the id of a subnet", "for example subnet-0a1b2c3d4e5f67890")]


class AwsCluster(CloudCluster):
    """EKS."""

    admins: tuple[RoleArn, ...] = Field(min_length=1, description="ARNs of the roles that administer the cluster")
    viewers: tuple[RoleArn, ...] = Field(default=(), description="ARNs of roles that see all of it but its Secrets")
    session_manager: bool = Field(
        default=False, description="whether a shell on a node is to be had by Systems Manager's Session Manager"
    )


class NewNetwork(Model):
    """A VPC of the stack's own. Subnets left out are cut from `cidr`: three quarters for nodes, the rest for others."""

    kind: Literal["new"] = "new"
    cidr: Cidr = "10.20.0.0/16"
    nat: Literal["one", "per-zone"] | None = Field(
        default=None, description="NAT gateways; none: one a zone in production, else a single one"
    )
    private_subnets: tuple[Cidr, ...] = Field(default=(), description="for nodes and pods, one a zone")
    database_subnets: tuple[Cidr, ...] = Field(default=(), description="without a route out, one a zone")
    public_subnets: tuple[Cidr, ...] = Field(default=(), description="for load balancers and NAT, one a zone")


class ExistingNetwork(Model):
    """A VPC that somebody else keeps, with NAT and the load balancers' subnet tags in place."""

    kind: Literal["existing"]
    vpc_id: VpcId
    cidr: Cidr = Field(description="the VPC's network; nothing else in it is looked up")
    private_subnet_ids: tuple[SubnetId, ...] = Field(
        min_length=2, description="for nodes and pods, in the zones' order"
    )
    database_subnet_ids: tuple[SubnetId, ...] = Field(min_length=2, description="for the database, in the zones' order")


class AwsDatabase(CloudDatabase):
    """RDS for PostgreSQL."""

    postgres_version: PostgresVersion | None = Field(
        default=None,
        description="minor version, as quoted text, then without RDS's own minor upgrades; none: RDS's choice",
    )
    final_snapshot: bool | None = Field(
        default=None, description="whether a deletion leaves a snapshot; none: yes, unless the stack is ephemeral"
    )
    restore_from_snapshot: Text | None = Field(
        default=None, description="identifier of the snapshot that the instance is made from; set once, then left"
    )
    maintenance_window: MaintenanceWindow = Field(default="sun:03:00-sun:04:00", description="UTC, ddd:hh:mm-ddd:hh:mm")
    backup_window: BackupWindow = Field(default="01:00-02:00", description="UTC, hh:mm-hh:mm")
    apply_immediately: bool = Field(
        default=False,
        description="whether a change that restarts the database is made by the `up`, not in the maintenance window",
    )
    ca_file: Text | None = Field(
        default=None, description="PEM file of the region's RDS root, for a region that is not in the list"
    )


class AwsKeys(Model):
    """Keys that are there, in place of the stack's own: their policies are their owner's (docs/aws.md)."""

    data: KeyArn | None = Field(default=None, description="ARN of the key of what is stored; none: an own one")
    cluster: KeyArn | None = Field(
        default=None, description="ARN of the key of the cluster's Secrets; none: an own one"
    )


class AwsCloud(Model):
    """`cloud.kind: aws`."""

    kind: Literal["aws"]
    account: AccountId = Field(description="the account that a run must be in; any other is refused")
    region: str
    allow_new_region: bool = Field(
        default=False, description="allow a region that is not in the list; needs zones and database.caFile"
    )
    zones: tuple[str, ...] = Field(default=(), description="two or three zones; none: the region's first three")
    permissions_boundary: PolicyArn | None = Field(
        default=None, description="the policy that bounds what every role of the stack may do, by its ARN"
    )
    network: Annotated[NewNetwork | ExistingNetwork, Field(discriminator="kind")] = NewNetwork()
    keys: AwsKeys = AwsKeys()
    cluster: AwsCluster
    database: AwsDatabase = AwsDatabase()

    @property
    def used_zones(self) -> tuple[str, ...]:
        """The zones that the stack stands in."""
        return self.zones or aws_facts.regions()[self.region][:3]

    @property
    def partition(self) -> str:
        """The first part of every ARN after `arn:`."""
        return aws_facts.partition(self.region)
