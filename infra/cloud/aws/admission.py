"""Who reaches what stands in the VPC beside the cluster: its nodes, on one port, and nobody else."""

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.network import Network
from infra.cloud.aws.stack import Stack


def from_the_nodes(
    name: str, protocol: str, port: int, stack: Stack, network: Network, parent: pulumi.Resource
) -> tuple[aws.ec2.SecurityGroup, aws.vpc.SecurityGroupIngressRule]:
    """The security group of `name`, and its one rule; nothing connects before the rule is there."""
    group = aws.ec2.SecurityGroup(
        name,
        vpc_id=network.vpc_id,
        description=f"{protocol}, from the nodes",
        tags=stack.named(name),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    rule = aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group.id,
        referenced_security_group_id=network.nodes_group.id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=f"{protocol}, from the nodes",
        tags=stack.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return group, rule
