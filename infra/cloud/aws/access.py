"""Who administers the cluster, and the connection by which this program works on it."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.cloud.aws.stack import Stack
from infra.names import digest

#: EKS's own policies of access entries.
ADMIN, VIEWER = "AmazonEKSClusterAdminPolicy", "AmazonEKSViewPolicy"


class Access(pulumi.ComponentResource):
    """An access entry for each admin and viewer, and the provider of all that stands in the cluster."""

    provider: kubernetes.Provider

    def __init__(
        self,
        name: str,
        stack: Stack,
        cluster: aws.eks.Cluster,
        nodes: aws.eks.NodeGroup,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:Access", name, None, opts)
        self.provider = kubernetes.Provider(
            "cluster",
            kubeconfig=pulumi.Output.secret(kubeconfig(stack, cluster)),
            # Without an identifier of our own, a new endpoint would replace the provider and with it every object.
            cluster_identifier=stack.arn("eks", f"cluster/{stack.cluster_name}"),
            enable_server_side_apply=True,
            # An entry that went first would leave every later delete in the cluster unauthorized. And the provider asks
            # the API as it starts: one failure there and it is of no use for the rest of the run. A new endpoint's name
            # and a new entry's right take up to a minute to spread; once nodes have joined, both have.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._admitted(stack, cluster), nodes]),
        )
        self.register_outputs({})

    def _admitted(self, stack: Stack, cluster: aws.eks.Cluster) -> list[pulumi.Resource]:
        admitted: list[pulumi.Resource] = []
        wanted = stack.cloud.cluster
        for kind, policy, arns in (("admin", ADMIN, wanted.admins), ("viewer", VIEWER, wanted.viewers)):
            for arn in arns:
                name = f"{kind}-{digest(arn)}"
                entry = aws.eks.AccessEntry(
                    name,
                    cluster_name=cluster.name,
                    principal_arn=arn,
                    type="STANDARD",
                    tags=stack.tags,
                    opts=pulumi.ResourceOptions(parent=self),
                )
                admitted.append(
                    aws.eks.AccessPolicyAssociation(
                        name,
                        cluster_name=cluster.name,
                        principal_arn=entry.principal_arn,
                        policy_arn=f"arn:{stack.cloud.partition}:eks::aws:cluster-access-policy/{policy}",
                        access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
                        opts=pulumi.ResourceOptions(parent=self),
                    )
                )
        return admitted


def kubeconfig(stack: Stack, cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    """Tokens come from the AWS CLI at each call, so that a long run never holds one that has expired."""
    command = ["eks", "get-token", "--region", stack.cloud.region, "--cluster-name", stack.cluster_name]
    authority = cluster.certificate_authority.apply(lambda one: one.data)
    return pulumi.Output.json_dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "eks", "cluster": {"server": cluster.endpoint, "certificate-authority-data": authority}}
            ],
            "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": "aws"}}],
            "current-context": "eks",
            "users": [
                {
                    "name": "aws",
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": [*command, "--output", "json"],
                        }
                    },
                }
            ],
        }
    )
