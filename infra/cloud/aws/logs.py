"""Logs of AWS's own services: groups that are made first, so that retention and key hold from the first line."""

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.keys import Keys
from infra.cloud.aws.policies import Statement, document, trust
from infra.cloud.aws.stack import Stack


def log_group(stack: Stack, name: str, path: str, keys: Keys, parent: pulumi.Resource) -> aws.cloudwatch.LogGroup:
    """A group with the stack's retention, encrypted with its key."""
    return aws.cloudwatch.LogGroup(
        name,
        name=path,
        retention_in_days=stack.cloud.cluster.log_retention_days,
        kms_key_id=keys.data.arn,
        tags=stack.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def flow_logs(stack: Stack, vpc: aws.ec2.Vpc, keys: Keys, parent: pulumi.Resource) -> None:
    """Record who talked to whom in the VPC."""
    group = log_group(stack, "flow-logs", stack.flow_logs, keys, parent)
    role = aws.iam.Role(
        "flow-logs",
        name=stack.role_name("flow-logs"),
        assume_role_policy=trust("vpc-flow-logs.amazonaws.com"),
        permissions_boundary=stack.cloud.permissions_boundary,
        tags=stack.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    may = aws.iam.RolePolicy(
        "flow-logs",
        role=role.name,
        policy=document(
            Statement(
                ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"],
                [stack.arn("logs", f"log-group:{stack.flow_logs}:*")],
            )
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    aws.ec2.FlowLog(
        "flow-logs",
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination=group.arn,
        log_destination_type="cloud-watch-logs",
        iam_role_arn=role.arn,
        tags=stack.named("flow-logs"),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[may], hooks=stack.hooks),
    )
