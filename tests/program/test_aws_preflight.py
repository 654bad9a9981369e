"""The preflight against moto's AWS: good as it stands, and each thing that is wrong said with its cure."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import botocore.client
import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.loaders import create_loader
from moto import mock_aws

from infra.cloud.aws.stack import Place
from infra.names import Names
from infra.settings import read
from infra.settings.aws import AwsCloud
from infra.versions import KUBERNETES_DEFAULT
from ops.preflight import answer
from ops.preflight.answer import Answer, State, report
from ops.preflight.aws import ask
from tests.unit.stacks import flat

NAMES = Names("airflow", "production")
REGION = "eu-west-1"
STACK: dict[str, Any] = {
    "tier": "production",
    "cloud": {
        "kind": "aws",
        "account": "123456789012",
        "region": REGION,
        "cluster": {
            "admins": ["arn:aws:iam::123456789012:user/moto"],  # who moto says is asking
            "apiAllowedCidrs": ["203.0.113.0/24"],
        },
    },
    "tags": {"owner": "data"},
    "platform": {"dns": {"state": "existing", "zone": "data.acme.org"}, "certificates": {"issuer": "own-ca"}},
    "releases": [{"name": "main", "host": "airflow.data.acme.org", "image": {"digest": "sha256:" + "0" * 64}}],
}
#: What moto does not know: versions of EKS, offers of PostgreSQL, and EC2's quotas.
VERSIONS = [
    {
        "clusterVersion": KUBERNETES_DEFAULT,
        "versionStatus": "STANDARD_SUPPORT",
        "endOfStandardSupportDate": datetime(2027, 3, 27, tzinfo=UTC),
    },
    {"clusterVersion": "1.33", "versionStatus": "EXTENDED_SUPPORT"},
]
OFFERS = {"EngineVersion": "17.6", "DBInstanceClass": "db.m6g.large", "Engine": "postgres", "MultiAZCapable": True}
SINGLE = {**OFFERS, "MultiAZCapable": False}
ZONES = [{"ZoneName": f"eu-west-1{zone}", "ZoneId": f"euw1-az{zone}"} for zone in "abc"]
WITHOUT = {"ZoneName": "eu-west-1c", "ZoneId": "use1-az3"}  # as us-east-1's zone that has no EKS
STANDARD = f"standard support of Kubernetes {KUBERNETES_DEFAULT}"
ORDERABLE = "DescribeOrderableDBInstanceOptions"
LOADER = cache(create_loader)


class Aws:
    """Answers in moto's place where a test wants others; a value may be an error, or an error's code."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "DescribeClusterVersions": {"clusterVersions": VERSIONS},
            ORDERABLE: {"OrderableDBInstanceOptions": [OFFERS]},
            "GetServiceQuota": {"Quota": {"Value": 256.0}},
        }
        self._moto = botocore.client.BaseClient._make_api_call  # moto's own documentation patches this

    def call(self, client: Any, operation: str, arguments: Any) -> Any:
        given = self.answers.get(operation)
        if isinstance(given, Exception):
            raise given
        if isinstance(given, str):
            raise ClientError({"Error": {"Code": given, "Message": "made up"}}, operation)
        return given or self._moto(client, operation, arguments)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # half of each test's time: two thousand images that are not looked at, and the same descriptions of services again
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    monkeypatch.setattr(botocore.session, "create_loader", LOADER)
    monkeypatch.setattr(answer, "today", lambda: date(2026, 12, 1))
    with mock_aws():
        made = Aws()
        boto3.client("route53").create_hosted_zone(Name="data.acme.org", CallerReference="1")
        patched: Callable[..., Any] = lambda client, operation, arguments: made.call(client, operation, arguments)  # noqa: E731
        with patch("botocore.client.BaseClient._make_api_call", new=patched):
            yield made


def answers(file: Path, **cloud: Any) -> list[Answer]:
    settings = read(flat({**STACK, "cloud": {**STACK["cloud"], **cloud}}))
    assert isinstance(settings.cloud, AwsCloud)
    return list(ask(settings.cloud, settings, NAMES, file))


def place() -> Place:
    settings = read(flat(STACK))
    assert isinstance(settings.cloud, AwsCloud)
    return Place(settings.cloud, settings, NAMES)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "Pulumi.production.yaml"
    made.write_text("config: {}\n")
    return made


def bad(given: list[Answer]) -> list[str]:
    return [one.question for one in given if one.state is not State.good]


def test_a_good_account_passes(aws: Aws, file: Path) -> None:
    given = answers(file)
    assert bad(given) == []
    text, good = report(given)
    assert good
    asked = "\n".join(one.question for one in given)
    for part in (
        "account",
        "zones",
        "instance type t3.large",
        "PostgreSQL 17",
        "DNS zone",
        "vCPUs",
        "addresses",
        "VPCs",
    ):
        assert part in asked
    for name in ("cluster airflow-production", "bucket airflow-production-logs-main", "repository airflow-production/"):
        assert name in asked
    assert text.endswith("0 to mend, 0 unanswered")


@pytest.mark.guarantee("the wrong account")
def test_in_another_account_nothing_else_is_asked(aws: Aws, file: Path) -> None:
    given = answers(file, account="210987654321")
    assert [one.question for one in given] == ["account", "right to work in the cluster"]
    assert "log in to 210987654321" in str(given[0])
    assert not report(given)[1]


SSO = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def role(name: str, path: str = "/") -> str:
    """Make a role, and return its ARN."""
    made = boto3.client("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument="{}")
    return made["Role"]["Arn"]


def test_an_admins_arn_is_the_roles_own_with_its_path(aws: Aws, file: Path) -> None:
    """terraform-aws-eks#2969: EKS refuses an ARN without its path, but only once the cluster is there."""
    arn, user = role("AWSReservedSSO_Admin_0123456789abcde", SSO), STACK["cloud"]["cluster"]["admins"][0]
    cluster = {**STACK["cloud"]["cluster"], "admins": [user, arn]}
    assert bad(answers(file, cluster=cluster)) == []
    short = arn.replace(SSO, "/")
    given = answers(file, cluster={**cluster, "admins": [user, short]})
    assert bad(given) == ["administrator AWSReservedSSO_Admin_0123456789abcde"]
    assert arn in next(one.cure for one in given if one.state is State.bad)
    gone = answers(file, cluster={**cluster, "admins": [user, "arn:aws:iam::123456789012:role/gone"]})
    assert bad(gone) == ["administrator gone"]
    elsewhere = {**cluster, "admins": [user, "arn:aws:iam::210987654321:role/theirs"]}
    assert bad(answers(file, cluster=elsewhere)) == []


def test_a_permissions_boundary_is_there(aws: Aws, file: Path) -> None:
    boundary = "arn:aws:iam::123456789012:policy/airflow-boundary"
    assert bad(answers(file, permissionsBoundary=boundary)) == ["permissions boundary"]
    document = Path("docs/aws/permissions-boundary.json").read_text()
    boto3.client("iam").create_policy(PolicyName="airflow-boundary", PolicyDocument=document)
    assert bad(answers(file, permissionsBoundary=boundary)) == []


def test_who_is_no_admin_could_not_work_in_the_cluster(aws: Aws, file: Path) -> None:
    role("others")
    cluster = {**STACK["cloud"]["cluster"], "admins": ["arn:aws:iam::123456789012:role/others"]}
    assert bad(answers(file, cluster=cluster)) == ["right to work in the cluster"]


@pytest.mark.parametrize(
    ("operation", "answer", "question"),
    [
        ("DescribeAvailabilityZones", {"AvailabilityZones": ZONES[:1]}, "zones"),
        ("DescribeAvailabilityZones", {"AvailabilityZones": [*ZONES[:2], WITHOUT]}, "zones"),
        ("DescribeClusterVersions", {"clusterVersions": VERSIONS[1:]}, STANDARD),
        ("DescribeInstanceTypeOfferings", {"InstanceTypeOfferings": []}, "instance type t3.large"),
        (ORDERABLE, {"OrderableDBInstanceOptions": []}, "database db.t4g.small with PostgreSQL 17"),
        (ORDERABLE, {"OrderableDBInstanceOptions": [SINGLE]}, "database db.t4g.small with PostgreSQL 17"),
        ("ListHostedZonesByName", {"HostedZones": []}, "public DNS zone data.acme.org"),
    ],
)  # fmt: skip
@pytest.mark.guarantee("what the region does not offer", "a DNS zone that is missing or there twice")
def test_what_is_not_offered_is_said(aws: Aws, file: Path, operation: str, answer: Any, question: str) -> None:
    aws.answers[operation] = answer
    given = answers(file)
    assert bad(given) == [question]
    assert all(one.cure for one in given if one.state is State.bad)


@pytest.mark.parametrize(("day", "state"), [(date(2026, 12, 27), State.good), (date(2026, 12, 28), State.soon)])
def test_the_end_of_support_is_said_90_days_before(
    aws: Aws, file: Path, monkeypatch: pytest.MonkeyPatch, day: date, state: State
) -> None:
    """On 27 March 2027 EKS upgrades 1.35 by itself."""
    monkeypatch.setattr(answer, "today", lambda: day)
    given = answers(file)
    (said,) = [one for one in given if one.question == STANDARD]
    assert (said.state, said.found) == (state, "until 27 March 2027")
    text, good = report(given)
    assert good
    assert ("1 that end soon" in text) is (state is State.soon)


def test_postgresql_past_its_end_is_for_what_stands_alone(aws: Aws, file: Path) -> None:
    aws.answers[ORDERABLE] = {"OrderableDBInstanceOptions": [{**OFFERS, "EngineVersion": "14.20"}]}
    old = {"postgresMajor": 14}
    assert bad(answers(file, database=old)) == ["support of PostgreSQL 14"]
    assert not report(answers(file, database=old))[1]
    pairs = [{"Key": key, "Value": text} for key, text in place().tags.items()]
    aws.answers["DescribeDBInstances"] = {"DBInstances": [{"TagList": pairs}]}
    assert report(answers(file, database=old))[1]


@pytest.mark.guarantee("a DNS zone that is missing or there twice")
def test_two_zones_of_one_name_are_one_too_many(aws: Aws, file: Path) -> None:
    boto3.client("route53").create_hosted_zone(Name="data.acme.org", CallerReference="2")
    assert bad(answers(file)) == ["public DNS zone data.acme.org"]


@pytest.mark.guarantee("a quota that does not suffice")
def test_quotas_count_what_is_in_use(aws: Aws, file: Path) -> None:
    # production: 3 NAT gateways, 8 nodes of 2 vCPUs at the largest
    aws.answers["GetServiceQuota"] = {"Quota": {"Value": 5.0}}
    for _ in range(3):
        boto3.client("ec2", region_name=REGION).allocate_address()
    given = answers(file)
    assert bad(given) == ["quota of on-demand vCPUs", "quota of elastic addresses"]
    assert "3 needed, 3 in use, 5 allowed" in "\n".join(map(str, given))


def test_a_missing_right_stops_nobody(aws: Aws, file: Path) -> None:
    aws.answers["GetServiceQuota"] = "AccessDeniedException"
    given = answers(file)
    assert {one.state for one in given} == {State.good, State.unknown}
    assert report(given)[1]


@pytest.mark.guarantee("a name that is taken")
def test_names_of_others_are_taken_and_own_ones_are_not(aws: Aws, file: Path) -> None:
    here, bucket = place(), boto3.client("s3", region_name=REGION)
    name, where = here.bucket_name("main"), {"LocationConstraint": REGION}
    bucket.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    boto3.client("ecr", region_name=REGION).create_repository(
        repositoryName=here.repository_name("airflow"), tags=[{"Key": "project", "Value": "else"}]
    )
    assert bad(answers(file)) == [f"repository {here.repository_name('airflow')}", f"bucket {name}"]
    own = [{"Key": key, "Value": text} for key, text in here.tags.items()]
    bucket.put_bucket_tagging(Bucket=name, Tagging={"TagSet": own})
    assert bad(answers(file)) == [f"repository {here.repository_name('airflow')}"]


@pytest.mark.parametrize("operation", ["DescribeCluster", "DescribeDBInstances"])
def test_an_own_cluster_and_database_are_no_obstacle(aws: Aws, file: Path, operation: str) -> None:
    tags = place().tags
    pairs = [{"Key": key, "Value": text} for key, text in tags.items()]
    aws.answers[operation] = {"cluster": {"tags": tags}, "DBInstances": [{"TagList": pairs}]}
    assert bad(answers(file)) == []
    aws.answers[operation] = {"cluster": {"tags": {}}, "DBInstances": [{"TagList": []}]}
    assert len(bad(answers(file))) == 1


@pytest.mark.guarantee("a secrets key out of reach")
def test_the_key_of_the_secrets_is_asked_for(aws: Aws, file: Path) -> None:
    kms = boto3.client("kms", region_name=REGION)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/pulumi", TargetKeyId=key)
    file.write_text("secretsprovider: awskms:///alias/pulumi?region=eu-west-1\nconfig: {}\n")
    assert bad(answers(file)) == []
    kms.disable_key(KeyId=key)
    assert bad(answers(file)) == ["key of the secrets, alias/pulumi"]


def test_what_this_stack_has_already_is_in_what_it_needs(aws: Aws, file: Path) -> None:
    # a second preflight, after an `up`: three addresses and the VPC are its own
    aws.answers["GetServiceQuota"] = {"Quota": {"Value": 5.0}}
    ec2 = boto3.client("ec2", region_name=REGION)
    tags = [{"Key": key, "Value": value} for key, value in place().tags.items()]
    for _ in range(5):
        ec2.allocate_address(TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": tags}])
    assert bad(answers(file)) == ["quota of on-demand vCPUs"]


def test_vcpus_of_others_are_in_use(aws: Aws, file: Path) -> None:
    # small: 8 nodes of 2 vCPUs; spot and accelerated types have quotas of their own
    aws.answers["GetServiceQuota"] = {"Quota": {"Value": 20.0}}
    cores = {"CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 2}}
    own = {"Tags": [{"Key": key, "Value": value} for key, value in place().tags.items()]}
    running = [
        {**cores, "InstanceType": "m5.xlarge"},
        {**cores, "InstanceType": "m5.xlarge", **own},
        {**cores, "InstanceType": "m5.xlarge", "InstanceLifecycle": "spot"},
        {**cores, "InstanceType": "inf1.xlarge"},
    ]
    aws.answers["DescribeInstances"] = {"Reservations": [{"Instances": running}]}
    assert bad(answers(file)) == []
    running.append({**cores, "InstanceType": "im4gn.large"})
    given = answers(file)
    assert bad(given) == ["quota of on-demand vCPUs"]
    assert "16 needed, 8 in use, 20 allowed" in "\n".join(map(str, given))


def test_a_log_group_that_a_service_left_behind_is_found(aws: Aws, file: Path) -> None:
    logs, here = boto3.client("logs", region_name=REGION), place()
    logs.create_log_group(logGroupName=here.cluster_logs)
    logs.create_log_group(logGroupName=here.database_logs("postgresql"), tags=here.tags)
    logs.create_log_group(logGroupName=f"{here.flow_logs}-of-another")
    assert bad(answers(file)) == [f"log group {here.cluster_logs}"]


def test_a_snapshot_is_there_and_fits(aws: Aws, file: Path) -> None:
    rds = boto3.client("rds", region_name=REGION)
    wanted = {"restoreFromSnapshot": "before-the-upgrade"}
    assert bad(answers(file, database=wanted)) == ["snapshot before-the-upgrade"]
    # small's largest is 128 GiB, and RDS wants a tenth of room
    for storage, good in ((116, []), (117, ["snapshot before-the-upgrade"])):
        made = {"Engine": "postgres", "DBInstanceClass": "db.t4g.small", "AllocatedStorage": storage}
        rds.create_db_instance(DBInstanceIdentifier="old", MasterUsername="a", MasterUserPassword="b" * 16, **made)
        rds.create_db_snapshot(DBInstanceIdentifier="old", DBSnapshotIdentifier="before-the-upgrade")
        assert bad(answers(file, database=wanted)) == good
        rds.delete_db_snapshot(DBSnapshotIdentifier="before-the-upgrade")
        rds.delete_db_instance(DBInstanceIdentifier="old", SkipFinalSnapshot=True)


@pytest.mark.parametrize(
    ("wanted", "target", "cure"),
    [
        ({}, "17.4", '"17.7"'),  # RDS's own choice, older than where a 16.11 may go
        ({"postgresVersion": "17.4"}, "17.4", '"17.7"'),
        ({"postgresVersion": "17.7"}, "17.7", ""),
        ({"postgresMajor": 16}, "", ""),
    ],
)
def test_an_upgrade_goes_where_rds_lets_it(aws: Aws, file: Path, wanted: Any, target: str, cure: str) -> None:
    """terraform-aws-rds#627: from a newer 16.x the default 17.x is no valid target, as the `up` finds half way."""
    pairs = [{"Key": key, "Value": text} for key, text in place().tags.items()]
    aws.answers["DescribeDBInstances"] = {"DBInstances": [{"TagList": pairs, "EngineVersion": "16.11"}]}
    targets = [{"EngineVersion": version} for version in ("16.12", "17.6", "17.7", "18.1")]
    engine = {"EngineVersion": "17.4", "ValidUpgradeTarget": targets}
    aws.answers["DescribeDBEngineVersions"] = {"DBEngineVersions": [engine]}
    offers = [{**OFFERS, "EngineVersion": version} for version in ("16.11", "17.4", "17.7")]
    aws.answers[ORDERABLE] = {"OrderableDBInstanceOptions": offers}
    given = answers(file, database=wanted)
    assert bad(given) == (["upgrade of PostgreSQL 16.11"] if cure else [])
    asked = {one.question: one for one in given}
    if target:
        assert asked["upgrade of PostgreSQL 16.11"].found == f"to {target}"
        assert cure in asked["upgrade of PostgreSQL 16.11"].cure
    else:
        assert "upgrade of PostgreSQL 16.11" not in asked


def test_an_existing_vpc_has_what_is_relied_on(aws: Aws, file: Path) -> None:
    ec2, zones = boto3.client("ec2", region_name=REGION), [f"{REGION}a", f"{REGION}b"]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=zones[index % 2])["Subnet"]
        for index in range(6)
    ]
    ids = [one["SubnetId"] for one in made]
    network = {"kind": "existing", "vpcId": vpc, "cidr": "10.9.0.0/16"}
    given = {"zones": zones, "network": {**network, "privateSubnetIds": ids[:2], "databaseSubnetIds": ids[2:4]}}
    assert bad(answers(file, **given)) == [f"enableDnsHostnames of {vpc}", "tagged subnets for load balancers"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    tags = {"kubernetes.io/role/elb": "1", "kubernetes.io/cluster/airflow-production": "shared"}
    ec2.create_tags(Resources=ids[4:], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    assert bad(answers(file, **given)) == []
    wrong = {**network, "privateSubnetIds": ids[1::-1], "databaseSubnetIds": [ids[2], "subnet-1"]}
    assert bad(answers(file, zones=zones, network=wrong)) == ["private subnets", "database subnets"]


@pytest.mark.parametrize(
    ("arn", "good"),
    [
        ("arn:aws:sts::123456789012:assumed-role/admins/session", True),
        ("arn:aws:iam::123456789012:user/people/admins", True),
        ("arn:aws:iam::123456789012:root", False),
        ("arn:aws:sts::123456789012:federated-user/somebody", False),
    ],
)
def test_whoever_asks_is_recognized(aws: Aws, file: Path, arn: str, good: bool) -> None:
    aws.answers["GetCallerIdentity"] = {"Account": "123456789012", "Arn": arn}
    admins = [role("admins", SSO)]
    given = answers(file, cluster={**STACK["cloud"]["cluster"], "admins": admins})
    assert bad(given) == ([] if good else ["right to work in the cluster"])


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_a_login_that_is_over_stops_and_says_so(aws: Aws, file: Path, code: str) -> None:
    aws.answers["GetCallerIdentity"] = code
    (given,) = answers(file)
    assert given.state is State.bad
    assert "log in" in given.cure
    assert not report([given])[1]


def test_without_a_network_the_cure_is_not_to_log_in(aws: Aws, file: Path) -> None:
    aws.answers["GetCallerIdentity"] = EndpointConnectionError(endpoint_url="https://sts.eu-west-1.amazonaws.com")
    (given,) = answers(file)
    assert given.state is State.bad
    assert "network" in given.cure


def test_a_key_of_another_region_is_looked_for_there(aws: Aws, file: Path) -> None:
    kms = boto3.client("kms", region_name="us-east-1")
    kms.create_alias(AliasName="alias/pulumi", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    file.write_text("secretsprovider: awskms://alias/pulumi?region=us-east-1\nconfig: {}\n")
    assert bad(answers(file)) == []
    file.write_text("secretsprovider: awskms://alias/pulumi?region=eu-west-1\nconfig: {}\n")
    assert bad(answers(file)) == ["key of the secrets, alias/pulumi"]


def test_without_credentials_the_cure_is_to_log_in(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    (given,) = answers(file)
    assert given.state is State.bad
    assert "log in" in given.cure
