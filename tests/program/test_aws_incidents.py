"""What happened to others on AWS, each with its public report, and why it does not happen to these stacks."""

import json
from typing import Any

import pytest

from infra.preview.model import Plan
from tests.program.aws_plans import STACKS, aws
from tests.program.conftest import PlanOf
from tests.program.iam import managed, permits
from tests.program.reading import one

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
KEY = "aws:kms/key:Key"
ACCOUNT, REGION = "123456789012", "eu-west-1"


def encrypted_by(plan: Plan, resource: Any, key: str) -> bool:
    return one(plan, KEY, key).urn in resource.depends_on


@pytest.mark.parametrize("stack", STACKS)
def test_an_accounts_own_default_key_stops_no_node_and_no_volume(plan: PlanOf, stack: str) -> None:
    """aws/containers-roadmap#2021: a disk without a key takes the account's default, which Auto Scaling may not use."""
    made = aws(plan, stack)
    templates = made.of_type("aws:ec2/launchTemplate:LaunchTemplate")
    assert len(templates) >= 2
    for template in templates:
        (device,) = template.inputs["blockDeviceMappings"]
        assert device["ebs"]["kmsKeyId"]
        assert encrypted_by(made, template, "data-key")
    classes = made.of_type("kubernetes:storage.k8s.io/v1:StorageClass")
    assert [one.name for one in classes] == ["gp3"]
    assert classes[0].inputs["parameters"]["kmsKeyId"]
    assert encrypted_by(made, classes[0], "data-key")


@pytest.mark.parametrize("stack", STACKS)
def test_the_disks_key_lets_in_whoever_makes_a_disk_in_the_account_and_nobody_else(plan: PlanOf, stack: str) -> None:
    policy = json.loads(one(aws(plan, stack), KEY, "data-key").inputs["policy"])
    own = [statement for statement in policy["Statement"] if statement["Principal"] == {"AWS": "*"}]
    anybody = {"Statement": own}  # for Auto Scaling's role and the driver's: the account's own statement is not theirs
    through_ec2 = {"kms:CallerAccount": ACCOUNT, "kms:ViaService": f"ec2.{REGION}.amazonaws.com"}
    grant = {**through_ec2, "kms:GrantIsForAWSResource": "true"}
    for action in ("kms:GenerateDataKeyWithoutPlaintext", "kms:Decrypt", "kms:ReEncryptFrom", "kms:DescribeKey"):
        assert permits(anybody, action, context=through_ec2)
        assert not permits(anybody, action, context={"kms:CallerAccount": ACCOUNT})
        assert not permits(anybody, action, context={**through_ec2, "kms:CallerAccount": "210987654321"})
    assert permits(anybody, "kms:CreateGrant", context=grant)
    assert not permits(anybody, "kms:CreateGrant", context=through_ec2)
    assert not permits(anybody, "kms:ScheduleKeyDeletion", context=grant)


@pytest.mark.parametrize("stack", STACKS)
def test_every_policy_that_is_attached_is_one_of_awss(plan: PlanOf, stack: str) -> None:
    attached = {
        one.inputs["policyArn"] for one in aws(plan, stack).of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    }
    assert attached <= managed().keys()


def test_the_disks_driver_touches_its_own_volumes_alone(plan: PlanOf) -> None:
    """AmazonEBSCSIDriverPolicy lets every cluster of the account delete every other one's volumes."""
    made = aws(plan, "production")
    (attached,) = [one.inputs["policyArn"] for one in made.of_type(ATTACHMENT) if one.name.startswith("ebs-csi")]
    policy, volume = managed()[attached], f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/vol-1"
    for action in ("ec2:DeleteVolume", "ec2:DetachVolume", "ec2:ModifyVolume"):
        assert permits(policy, action, volume, {"ec2:ResourceTag/ebs.csi.aws.com/cluster": "true"})
        assert not permits(policy, action, volume, {"ec2:ResourceTag/Name": "of-another"})


def test_the_key_of_the_last_snapshot_outlives_the_stack(plan: PlanOf) -> None:
    """A snapshot without its key cannot be read; that went 7 or 30 days after a `destroy`, the last chance with it."""
    for stack in STACKS:
        made = aws(plan, stack)
        assert one(made, "aws:rds/instance:Instance").inputs["skipFinalSnapshot"] is False
        assert [key.name for key in made.of_type(KEY) if key.options.retain_on_delete] == ["data-key"]
    for gone in ("ephemeral=true", "cloud.database.finalSnapshot=false"):
        made = aws(plan, "integration", gone, "platform.certificates.issuer=own-ca")
        assert one(made, "aws:rds/instance:Instance").inputs["skipFinalSnapshot"] is True
        assert not [key.name for key in made.of_type(KEY) if key.options.retain_on_delete]
