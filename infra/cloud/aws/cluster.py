"""EKS: the control plane."""

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.keys import Keys
from infra.cloud.aws.logs import log_group
from infra.cloud.aws.network import Network
from infra.cloud.aws.policies import Statement, document, trust
from infra.cloud.aws.stack import Stack

LOGS = ["api", "audit", "authenticator"]
PORT = 443


class ControlPlane(pulumi.ComponentResource):
    """The cluster without a node."""

    cluster: aws.eks.Cluster

    def __init__(
        self, name: str, stack: Stack, network: Network, keys: Keys, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("airflow:aws:ControlPlane", name, None, opts)
        role, ready = self._role(stack, keys)
        # EKS would make it itself, without an end to what it keeps.
        logs = log_group(stack, "cluster", stack.cluster_logs, keys, self)
        self.cluster = self._cluster(stack, network, keys, role, [*ready, logs])
        self.register_outputs({})

    def _role(self, stack: Stack, keys: Keys) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        role = aws.iam.Role(
            "cluster",
            name=stack.role_name("cluster"),
            assume_role_policy=trust("eks.amazonaws.com"),
            permissions_boundary=stack.cloud.permissions_boundary,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        manages = aws.iam.RolePolicyAttachment(
            "cluster",
            role=role.name,
            policy_arn=stack.managed_policy("AmazonEKSClusterPolicy"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        encrypts = aws.iam.RolePolicy(
            "cluster-secrets",
            role=role.name,
            policy=document(
                Statement(["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"], [keys.cluster.arn])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, [manages, encrypts]

    def _cluster(
        self, stack: Stack, network: Network, keys: Keys, role: aws.iam.Role, before: list[pulumi.Resource]
    ) -> aws.eks.Cluster:
        wanted = stack.cloud.cluster
        public = wanted.api == "public"
        if not public:
            pulumi.log.warn("the cluster's API is private: `up` works only from inside the VPC (docs/aws.md)")
        return aws.eks.Cluster(
            "cluster",
            name=stack.cluster_name,
            version=wanted.kubernetes_version,
            role_arn=role.arn,
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=network.private_subnet_ids,
                endpoint_private_access=True,
                endpoint_public_access=public,
                security_group_ids=None if public else [self._way_in(stack, network)],
                public_access_cidrs=list(wanted.api_allowed_cidrs) if public else None,
            ),
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=keys.cluster.arn), resources=["secrets"]
            ),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
                ip_family="ipv4", service_ipv4_cidr=wanted.service_cidr
            ),
            # Extended support costs six times as much.
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            enabled_cluster_log_types=LOGS,
            bootstrap_self_managed_addons=False,
            deletion_protection=stack.keep,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                hooks=stack.hooks,
                custom_timeouts=pulumi.CustomTimeouts(create="30m", update="90m", delete="30m"),
            ),
        )

    def _way_in(self, stack: Stack, network: Network) -> pulumi.Output[str]:
        """EKS' own group admits the nodes alone: without this one no runner in the network reaches a private API."""
        group = aws.ec2.SecurityGroup(
            "api",
            vpc_id=network.vpc_id,
            description="The Kubernetes API, from inside the network",
            tags=stack.named("api"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for cidr in dict.fromkeys((stack.cloud.network.cidr, *stack.cloud.cluster.api_allowed_cidrs)):
            aws.vpc.SecurityGroupIngressRule(
                f"api-{cidr}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=PORT,
                to_port=PORT,
                description="The Kubernetes API",
                tags=stack.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return group.id
