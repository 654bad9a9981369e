"""A VPC's subnets of one kind, and their route tables."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.stack import Stack


def balanced(stack: Stack, role: str) -> dict[str, str]:
    """Tags by which the load balancers' controller finds its subnets; `role` is elb or internal-elb."""
    return {f"kubernetes.io/cluster/{stack.cluster_name}": "shared", f"kubernetes.io/role/{role}": "1"}


def subnets(
    stack: Stack,
    parent: pulumi.Resource,
    vpc: aws.ec2.Vpc,
    kind: str,
    networks: Sequence[IPv4Network],
    tags: Mapping[str, str],
) -> list[aws.ec2.Subnet]:
    """One subnet a zone, in the zones' order."""
    made: list[aws.ec2.Subnet] = []
    for zone, network in zip(stack.cloud.used_zones, networks, strict=True):
        name = f"{kind}-{zone[-1]}"
        made.append(
            aws.ec2.Subnet(
                name,
                vpc_id=vpc.id,
                availability_zone=zone,
                cidr_block=str(network),
                map_public_ip_on_launch=False,
                tags={**stack.named(name), **tags},
                opts=pulumi.ResourceOptions(parent=parent),
            )
        )
    return made


def route_table(
    stack: Stack, parent: pulumi.Resource, vpc: aws.ec2.Vpc, name: str, members: Sequence[aws.ec2.Subnet]
) -> tuple[aws.ec2.RouteTable, list[pulumi.Resource]]:
    """A route table and the associations of its subnets with it."""
    table = aws.ec2.RouteTable(name, vpc_id=vpc.id, tags=stack.named(name), opts=pulumi.ResourceOptions(parent=parent))
    associations: list[pulumi.Resource] = [
        aws.ec2.RouteTableAssociation(
            f"{name}-{index}",
            route_table_id=table.id,
            subnet_id=subnet.id,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for index, subnet in enumerate(members)
    ]
    return table, associations
