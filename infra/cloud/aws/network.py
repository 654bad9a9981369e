"""The network: a VPC over the zones, or one that is there."""

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.keys import Keys
from infra.cloud.aws.logs import flow_logs
from infra.cloud.aws.stack import Stack
from infra.cloud.aws.subnets import balanced, route_table, subnets
from infra.settings.aws import ExistingNetwork, NewNetwork
from infra.settings.aws_network import Subnets, share_out


class Network(pulumi.ComponentResource):
    """What others need of the network: ids, address ranges, and the way out that nodes wait for."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: list[pulumi.Input[str]]
    database_subnet_ids: list[pulumi.Input[str]]
    private_cidrs: list[str]
    database_cidrs: list[str]
    ways_out: list[pulumi.Resource]
    nodes_group: aws.ec2.SecurityGroup

    def __init__(self, name: str, stack: Stack, keys: Keys, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:aws:Network", name, None, opts)
        self.ways_out = []
        match stack.cloud.network:
            case NewNetwork() as new:
                self._create(stack, new, keys)
            case ExistingNetwork() as given:
                self._take(given)
        # A badge without rules: the database and the files let in whoever wears it, and neither need wait for the
        # cluster, whose own group EKS makes only after ten minutes.
        self.nodes_group = aws.ec2.SecurityGroup(
            "nodes",
            vpc_id=self.vpc_id,
            description="Worn by the nodes; the database and the file system admit it",
            tags=stack.named("nodes"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _take(self, given: ExistingNetwork) -> None:
        self.vpc_id = given.vpc_id
        self.private_subnet_ids = list(given.private_subnet_ids)
        self.database_subnet_ids = list(given.database_subnet_ids)
        self.private_cidrs = self.database_cidrs = [given.cidr]

    def _create(self, stack: Stack, new: NewNetwork, keys: Keys) -> None:
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=new.cidr,
            enable_dns_hostnames=True,  # EFS and the private API endpoint are found by name
            enable_dns_support=True,
            tags=stack.named("vpc"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vpc_id = vpc.id
        # The group that everything without one would get: no rule, so that nothing is open by oversight.
        aws.ec2.DefaultSecurityGroup(
            "default", vpc_id=vpc.id, tags=stack.named("default"), opts=pulumi.ResourceOptions(parent=self)
        )
        flow_logs(stack, vpc, keys, self)
        cut = share_out(new, len(stack.cloud.used_zones))
        gateways = self._gateways(stack, self._public(stack, vpc, cut))
        tables = self._private(stack, vpc, cut, gateways)
        self._database(stack, vpc, cut)
        aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{stack.cloud.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=stack.named("s3"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _public(self, stack: Stack, vpc: aws.ec2.Vpc, cut: Subnets) -> list[aws.ec2.Subnet]:
        public = subnets(stack, self, vpc, "public", cut.public, balanced(stack, "elb"))
        internet = aws.ec2.InternetGateway(
            "internet", vpc_id=vpc.id, tags=stack.named("internet"), opts=pulumi.ResourceOptions(parent=self)
        )
        table, associations = route_table(stack, self, vpc, "public", public)
        route = aws.ec2.Route(
            "public",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.ways_out += [*associations, route]
        return public

    def _gateways(self, stack: Stack, public: list[aws.ec2.Subnet]) -> list[aws.ec2.NatGateway]:
        open_first = list(self.ways_out)
        gateways: list[aws.ec2.NatGateway] = []
        for zone, subnet in zip(stack.gateway_zones, public, strict=False):
            name = f"nat-{zone[-1]}"
            address = aws.ec2.Eip(
                name,
                domain="vpc",
                tags=stack.named(name),
                opts=pulumi.ResourceOptions(parent=self, depends_on=open_first),
            )
            gateways.append(
                aws.ec2.NatGateway(
                    name,
                    allocation_id=address.id,
                    subnet_id=subnet.id,
                    tags=stack.named(name),
                    # A NAT gateway works, and goes away cleanly, only while its subnet leads to the internet.
                    opts=pulumi.ResourceOptions(parent=self, depends_on=open_first),
                )
            )
        return gateways

    def _private(
        self, stack: Stack, vpc: aws.ec2.Vpc, cut: Subnets, gateways: list[aws.ec2.NatGateway]
    ) -> list[aws.ec2.RouteTable]:
        private = subnets(stack, self, vpc, "private", cut.private, balanced(stack, "internal-elb"))
        tables: list[aws.ec2.RouteTable] = []
        for index, (zone, subnet) in enumerate(zip(stack.cloud.used_zones, private, strict=True)):
            name = f"private-{zone[-1]}"
            table, associations = route_table(stack, self, vpc, name, [subnet])
            route = aws.ec2.Route(
                name,
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways[index % len(gateways)].id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.ways_out += [*associations, route]
            tables.append(table)
        self.private_subnet_ids = [subnet.id for subnet in private]
        self.private_cidrs = [str(network) for network in cut.private]
        return tables

    def _database(self, stack: Stack, vpc: aws.ec2.Vpc, cut: Subnets) -> None:
        database = subnets(stack, self, vpc, "database", cut.database, {})
        route_table(stack, self, vpc, "database", database)  # no route: nothing there has a way out
        self.database_subnet_ids = [subnet.id for subnet in database]
        self.database_cidrs = [str(network) for network in cut.database]
