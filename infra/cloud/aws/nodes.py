"""The two node groups: one that Airflow stands on, one that task pods come and go on."""

from dataclasses import replace
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.keys import Keys
from infra.cloud.aws.network import Network
from infra.cloud.aws.policies import trust
from infra.cloud.aws.stack import Stack
from infra.contracts import NodePool, Toleration
from infra.settings import aws_facts
from infra.settings.figures import NodePool as Figures

LABEL = "airflow/pool"
POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")
SESSIONS = "AmazonSSMManagedInstanceCore"
Pool = Literal["system", "tasks"]

SYSTEM = NodePool(selector={LABEL: "system"})
TASKS = NodePool(selector={LABEL: "tasks"}, tolerations=(Toleration(LABEL, "tasks"),))


def with_memory(pool: NodePool, figures: Figures) -> NodePool:
    """The pool, and what its nodes have; of a type that is not in the list nobody knows."""
    known = aws_facts.instance_types().get(figures.instance_type)
    return replace(pool, memory_gib=known and known.memory_gib * figures.max)


class Nodes(pulumi.ComponentResource):
    """The groups, in private subnets, on Amazon Linux 2023."""

    system: aws.eks.NodeGroup
    tasks: aws.eks.NodeGroup

    def __init__(
        self,
        name: str,
        stack: Stack,
        network: Network,
        keys: Keys,
        cluster: aws.eks.Cluster,
        before: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:Nodes", name, None, opts)
        role, ready = self._role(stack)
        # Nodes join by the API and the registry, which they reach only once their subnets lead out.
        waiting = [*before, *ready, *network.ways_out]
        group = cluster.vpc_config.apply(lambda config: config.cluster_security_group_id or "")
        sized = stack.settings.sized.aws
        for pool, figures in (("system", sized.system), ("tasks", sized.tasks)):
            template = self._template(stack, pool, figures, keys, [group, network.nodes_group.id])
            made = self._group(stack, network, cluster, role, pool, figures, template, waiting)
            setattr(self, pool, made)
        self.register_outputs({})

    def _role(self, stack: Stack) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        """Join and pull, nothing else: the CNI and the drivers have roles of their own."""
        role = aws.iam.Role(
            "nodes",
            name=stack.role_name("nodes"),
            assume_role_policy=trust("ec2.amazonaws.com"),
            permissions_boundary=stack.cloud.permissions_boundary,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        attached: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"nodes-{policy}",
                role=role.name,
                policy_arn=stack.managed_policy(policy),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for policy in (*POLICIES, *([SESSIONS] if stack.cloud.cluster.session_manager else []))
        ]
        return role, attached

    def _template(
        self, stack: Stack, pool: str, figures: Figures, keys: Keys, groups: list[pulumi.Input[str]]
    ) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            pool,
            description=f"{stack.names.resource()}: nodes of the pool {pool}",
            update_default_version=True,
            vpc_security_group_ids=groups,
            # A hop limit of one keeps pods from the node's own credentials.
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_size=figures.disk_gib,
                        volume_type="gp3",
                        encrypted="true",
                        # Without it the account's default key counts, which may be one that Auto Scaling cannot use:
                        # each node then ends as Client.InvalidKMSKey.InvalidState (aws/containers-roadmap#2021).
                        kms_key_id=keys.data.arn,
                        delete_on_termination="true",
                    ),
                )
            ],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=stack.named(f"node-{pool}"))
                for kind in ("instance", "volume", "network-interface")
            ],
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(
        self,
        stack: Stack,
        network: Network,
        cluster: aws.eks.Cluster,
        role: aws.iam.Role,
        pool: str,
        figures: Figures,
        template: aws.ec2.LaunchTemplate,
        before: list[pulumi.Resource],
    ) -> aws.eks.NodeGroup:
        taint = aws.eks.NodeGroupTaintArgs(key=LABEL, value="tasks", effect="NO_SCHEDULE")
        # Named by Pulumi: what can't be changed in place is made anew first, and drained last.
        return aws.eks.NodeGroup(
            pool,
            cluster_name=cluster.name,
            node_role_arn=role.arn,
            subnet_ids=network.private_subnet_ids,
            ami_type="AL2023_x86_64_STANDARD",
            version=stack.cloud.cluster.nodes_at,
            instance_types=[figures.instance_type],
            capacity_type="SPOT" if figures.spot else "ON_DEMAND",
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=figures.min, desired_size=figures.desired, max_size=figures.max
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            labels={LABEL: pool},
            taints=[taint] if pool == "tasks" else None,
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            tags=stack.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                hooks=stack.hooks,
                ignore_changes=["scalingConfig.desiredSize"],  # from here on it is the autoscaler's
                custom_timeouts=pulumi.CustomTimeouts(create="25m", update="60m", delete="30m"),
            ),
        )
