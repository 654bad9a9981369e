"""The stack's own encryption keys: one for what is stored, one for the cluster's Secrets."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.policies import Statement, document
from infra.cloud.aws.stack import Stack


@dataclass(frozen=True)
class EncryptionKey:
    """A key of the stack's own, or one that is there."""

    arn: pulumi.Output[str]


class Keys(pulumi.ComponentResource):
    """KMS keys that rotate every year. `data` encrypts the database, disks, files, buckets, images and logs."""

    data: EncryptionKey
    cluster: EncryptionKey

    def __init__(self, name: str, stack: Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:aws:Keys", name, None, opts)
        given = stack.cloud.keys
        owner = Statement(["kms:*"], ["*"], {"AWS": stack.arn("iam", "root", region=False)})
        logs = Statement(
            ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            ["*"],
            {"Service": f"logs.{stack.cloud.region}.amazonaws.com"},
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": stack.arn("logs", "*")}},
        )
        stored = document(owner, logs, *through_ec2(stack))
        self.data = _there(given.data) or self._key(
            "data-key", stack, "data at rest", stored, kept=stack.leaves_snapshot
        )
        self.cluster = _there(given.cluster) or self._key(
            "cluster-key", stack, "the cluster's Secrets", document(owner)
        )
        self.register_outputs({})

    def _key(
        self, name: str, stack: Stack, purpose: str, policy: pulumi.Output[Any], *, kept: bool = False
    ) -> EncryptionKey:
        key = aws.kms.Key(
            name,
            description=f"{stack.names.resource()}: {purpose}",
            enable_key_rotation=True,
            # The longest time to think again where data is dear, the shortest where it is not.
            deletion_window_in_days=30 if stack.keep else 7,
            policy=policy,
            tags=stack.named(name),
            # The last snapshot is read with it, long after the stack.
            opts=pulumi.ResourceOptions(parent=self, protect=stack.keep or None, retain_on_delete=kept or None),
        )
        aws.kms.Alias(
            name,
            name=f"alias/{stack.names.resource(name)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return EncryptionKey(key.arn)


def _there(arn: str | None) -> EncryptionKey | None:
    return EncryptionKey(pulumi.Output.from_input(arn)) if arn else None


def through_ec2(stack: Stack) -> tuple[Statement, Statement]:
    """As in AWS's own key of EBS: who may make a disk in this account may encrypt it.

    Auto Scaling's role, which starts the nodes, is there only after the first group, so that no key could name it.
    """
    from_here = {"kms:CallerAccount": stack.cloud.account, "kms:ViaService": f"ec2.{stack.cloud.region}.amazonaws.com"}
    use = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    everybody = {"AWS": "*"}
    return (
        Statement(use, ["*"], everybody, {"StringEquals": from_here}),
        Statement(
            ["kms:CreateGrant"],
            ["*"],
            everybody,
            {"StringEquals": from_here, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )
