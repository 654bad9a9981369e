"""The shipped AWS stacks hold the invariants in every size, and each invariant notices what breaks it."""

from dataclasses import replace
from typing import Any

import pytest

from infra.cloud.aws import files, object_store, roots
from infra.cloud.aws.identity import Grant
from infra.cloud.aws.policies import Statement
from infra.settings import aws_facts
from tests.program import invariants, invariants_aws
from tests.program.aws_plans import CASES, SHARES, STACKS, aws
from tests.program.conftest import PlanOf
from tests.program.invariants_aws_data import INSTANCE, KEPT
from tests.program.reading import one, tampered


@pytest.mark.parametrize(("stack", "size"), CASES)
@invariants_aws.AWS_PLANS
def test_invariants(plan: PlanOf, stack: str, size: str) -> None:
    made = aws(plan, stack, f"size={size}")
    assert invariants.broken(made) == []
    assert invariants_aws.broken(made) == []


@pytest.mark.parametrize("stack", ["integration", "production"])
@pytest.mark.guarantee("files are encrypted on AWS")
def test_invariants_of_shares(plan: PlanOf, stack: str) -> None:
    made = aws(plan, stack, *SHARES)
    assert len(made.of_type("aws:efs/accessPoint:AccessPoint")) == 3
    assert invariants_aws.broken(made) == []


@pytest.mark.parametrize(
    ("rule", "type_", "name", "path", "bad"),
    [
        ("database_is_safe", INSTANCE, "database", "publiclyAccessible", True),
        ("database_is_safe", INSTANCE, "database", "multiAz", False),
        ("database_is_safe", INSTANCE, "database", "finalSnapshotIdentifier", "airflow-final"),
        ("database_is_safe", INSTANCE, "database", "backupRetentionPeriod", 3),
        ("database_speaks_tls", "aws:rds/parameterGroup:ParameterGroup", None, "parameters.0.value", "0"),
        ("database_speaks_tls", "aws:rds/parameterGroup:ParameterGroup", None, "family", "postgres14"),
        (
            "groups_admit_nodes_alone",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "database",
            "cidrIpv4",
            "0.0.0.0/0",
        ),
        ("groups_admit_nodes_alone", "aws:ec2/securityGroup:SecurityGroup", "files", "ingress", [{"fromPort": 22}]),
        ("api_is_private", invariants_aws.CLUSTER, None, "vpcConfig.publicAccessCidrs", ["0.0.0.0/0"]),
        ("api_is_private", "aws:kms/key:Key", "cluster-key", "enableKeyRotation", False),
        ("admins_are_entries", invariants_aws.CLUSTER, None, "accessConfig.authenticationMode", "API_AND_CONFIG_MAP"),
        (
            "nodes_are_closed",
            "aws:ec2/launchTemplate:LaunchTemplate",
            "system",
            "metadataOptions.httpTokens",
            "optional",
        ),
        ("nodes_are_closed", "aws:eks/nodeGroup:NodeGroup", "tasks", "taints", None),
        ("nodes_are_closed", "aws:ec2/subnet:Subnet", "private-a", "mapPublicIpOnLaunch", True),
        (
            "roles_are_narrow",
            "aws:iam/rolePolicy:RolePolicy",
            "autoscaler",
            "policy",
            '{"Statement": [{"Action": ["s3:*"], "Resource": ["x"]}]}',
        ),
        (
            "roles_are_narrow",
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "nodes-AmazonEKSWorkerNodePolicy",
            "policyArn",
            "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
        ),
        ("images_are_immutable", "aws:ecr/repository:Repository", None, "imageTagMutability", "MUTABLE"),
        ("files_are_encrypted", "aws:efs/fileSystem:FileSystem", None, "encrypted", False),
        ("files_are_encrypted", "aws:efs/accessPoint:AccessPoint", "main-dags", "posixUser.gid", 50000),
        (
            "buckets_are_closed",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            None,
            "blockPublicAcls",
            False,
        ),
        ("database_is_safe", INSTANCE, "database", "storageEncrypted", False),
        ("database_is_safe", INSTANCE, "database", "deletionProtection", False),
        ("database_is_safe", INSTANCE, "database", "copyTagsToSnapshot", False),
        ("database_speaks_tls", INSTANCE, "database", "caCertIdentifier", None),
        ("api_is_private", invariants_aws.CLUSTER, None, "vpcConfig.endpointPrivateAccess", False),
        ("api_is_private", invariants_aws.CLUSTER, None, "enabledClusterLogTypes", ["api", "audit"]),
        ("api_is_private", invariants_aws.CLUSTER, None, "encryptionConfig.resources", []),
        (
            "admins_are_entries",
            invariants_aws.CLUSTER,
            None,
            "accessConfig.bootstrapClusterCreatorAdminPermissions",
            True,
        ),
        (
            "nodes_are_closed",
            "aws:ec2/launchTemplate:LaunchTemplate",
            "tasks",
            "metadataOptions.httpPutResponseHopLimit",
            2,
        ),
        (
            "nodes_are_closed",
            "aws:ec2/launchTemplate:LaunchTemplate",
            "tasks",
            "blockDeviceMappings.0.ebs.encrypted",
            "false",
        ),
        ("images_are_immutable", "aws:ecr/repository:Repository", None, "imageScanningConfiguration.scanOnPush", False),
        ("images_are_immutable", "aws:ecr/repository:Repository", None, "forceDelete", True),
        (
            "buckets_are_closed",
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            None,
            "rules.0.expiration",
            None,
        ),
        (
            "buckets_are_closed",
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            None,
            "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm",
            "AES256",
        ),
        ("everything_is_tagged", "aws:ec2/natGateway:NatGateway", "nat-a", "tags", None),
        ("the_account_is_the_expected_one", "pulumi:providers:aws", None, "allowedAccountIds", None),
    ],
)
@pytest.mark.guarantee("every check of a plan notices what breaks it")
def test_an_invariant_notices(plan: PlanOf, rule: str, type_: str, name: str | None, path: str, bad: Any) -> None:
    good = aws(plan, "production", SHARES[0])
    check = getattr(invariants_aws, rule)
    assert list(check(good)) == []
    assert list(check(tampered(good, one(good, type_, name), path, bad)))


@pytest.mark.parametrize(
    ("rule", "type_", "name"),
    [
        ("admins_are_entries", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", None),
        ("files_are_encrypted", "aws:efs/mountTarget:MountTarget", "files-a"),
        ("files_are_encrypted", "aws:efs/fileSystemPolicy:FileSystemPolicy", None),
        ("database_speaks_tls", "aws:rds/parameterGroup:ParameterGroup", None),
    ],
)
@pytest.mark.guarantee("every check of a plan notices what breaks it")
def test_an_invariant_notices_what_is_missing(plan: PlanOf, rule: str, type_: str, name: str | None) -> None:
    good = aws(plan, "production", SHARES[0])
    gone = one(good, type_, name)
    poorer = replace(good, resources=tuple(each for each in good.resources if each is not gone))
    assert list(getattr(invariants_aws, rule)(poorer))


@pytest.mark.parametrize("type_", KEPT)
@pytest.mark.guarantee("data is protected on AWS", "every check of a plan notices what breaks it")
def test_protection_is_missed_in_production_and_noticed_elsewhere(plan: PlanOf, type_: str) -> None:
    for stack in STACKS:
        good = aws(plan, stack, "platform.dns.state=on")
        data = good.of_type(type_)[0]
        turned = replace(data, options=replace(data.options, protect=not data.options.protect))
        worse = replace(good, resources=tuple(turned if each is data else each for each in good.resources))
        assert [data.urn in line for line in invariants_aws.data_is_protected(worse)] == [True]


@pytest.mark.guarantee("roles are narrow on AWS")
def test_a_role_is_one_service_accounts(plan: PlanOf) -> None:
    good = aws(plan, "production")
    (first, second) = [one(good, "aws:iam/role:Role", name) for name in ("ebs-csi", "vpc-cni")]
    shared = tampered(good, second, "assumeRolePolicy", first.inputs["assumeRolePolicy"])
    assert list(invariants_aws.roles_are_narrow(shared))


@pytest.mark.guarantee("roles are narrow on AWS")
def test_a_releases_pods_get_at_their_own_logs_alone() -> None:
    # in a plan the policy is unknown, for it names a key that is not made yet
    given = object_store.grant("arn:aws:s3:::bucket", "arn:aws:kms:eu-west-1:123456789012:key/1")
    assert isinstance(given, Grant)
    for statement in given.statements:
        assert statement.effect == "Allow"
        assert all(isinstance(arn, str) and arn.startswith("arn:aws:") for arn in statement.resources)
        assert not [action for action in statement.actions if "*" in action or "Delete" in action]


@pytest.mark.guarantee("files are encrypted on AWS")
def test_the_file_system_refuses_plain_transport() -> None:
    mount, deny = files.mount_statements("arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1")
    assert deny == Statement(
        ["*"], tuple(mount.resources), {"AWS": "*"}, {"Bool": {"aws:SecureTransport": "false"}}, effect="Deny"
    )


@pytest.mark.guarantee("an unknown region")
def test_every_known_region_has_its_root_certificate_and_two_zones() -> None:
    known = aws_facts.regions()
    assert set(known) == roots.regions()
    assert all(len(zones) >= 2 for zones in known.values())
    assert all(roots.root_of(region).count("BEGIN CERTIFICATE") == 1 for region in known)
