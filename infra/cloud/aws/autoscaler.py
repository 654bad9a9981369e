"""The Cluster Autoscaler: task pods that find no room bring a node, and nodes that stand idle go."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra import versions
from infra.cloud.aws.addons import NAMESPACE
from infra.cloud.aws.identity import PodRole
from infra.cloud.aws.nodes import SYSTEM
from infra.cloud.aws.policies import Statement
from infra.cloud.aws.stack import Stack

NAME = "cluster-autoscaler"


class Autoscaler(pulumi.ComponentResource):
    """The official chart, its role and the association of the two."""

    def __init__(
        self,
        name: str,
        stack: Stack,
        provider: kubernetes.Provider,
        cluster: aws.eks.Cluster,
        ready: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:Autoscaler", name, None, opts)
        role = PodRole(
            "autoscaler", stack, NAMESPACE, NAME, statements=rights(stack), opts=pulumi.ResourceOptions(parent=self)
        )
        bound = aws.eks.PodIdentityAssociation(
            "autoscaler",
            cluster_name=cluster.name,
            namespace=NAMESPACE,
            service_account=NAME,
            role_arn=role.role.arn,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=role.ready, hooks=stack.hooks),
        )
        kubernetes.helm.v3.Release(
            "autoscaler",
            name=NAME,
            namespace=NAMESPACE,
            chart="cluster-autoscaler",
            version=versions.AUTOSCALER_CHART,
            repository_opts=kubernetes.helm.v3.RepositoryOptsArgs(repo=versions.AUTOSCALER_CHART_REPOSITORY),
            values=values(stack),
            timeout=900,
            opts=pulumi.ResourceOptions(parent=self, provider=provider, depends_on=[bound, *ready]),
        )
        self.register_outputs({})


def rights(stack: Stack) -> tuple[Statement, ...]:
    """Look at everything (AWS knows no narrower right for these), change the groups of this cluster alone."""
    look = Statement(
        [
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeLaunchConfigurations",
            "autoscaling:DescribeScalingActivities",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements",
        ],
        ["*"],
    )
    # From zero nodes, the labels and taints of the next one are known to EKS alone.
    learn = Statement(["eks:DescribeNodegroup"], [stack.arn("eks", f"nodegroup/{stack.cluster_name}/*")])
    change = Statement(
        ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
        [stack.arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
        condition={"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{stack.cluster_name}": "owned"}},
    )
    return look, learn, change


def values(stack: Stack) -> dict[str, Any]:
    """The chart's values: one small pod on the system pool, confined as our own pods are."""
    return {
        "fullnameOverride": NAME,
        "cloudProvider": "aws",
        "awsRegion": stack.cloud.region,
        "autoDiscovery": {"clusterName": stack.cluster_name},
        "image": {"tag": versions.AUTOSCALER_IMAGES[stack.cloud.cluster.kubernetes_version]},
        "rbac": {"serviceAccount": {"name": NAME}},
        "extraArgs": {
            # Or no node with an emptyDir would ever go. A task pod has no controller, and is never evicted.
            "skip-nodes-with-local-storage": False,
            "expander": "least-waste",
        },
        "nodeSelector": dict(SYSTEM.selector),
        "resources": {"requests": {"cpu": "50m", "memory": "300Mi"}, "limits": {"cpu": "500m", "memory": "600Mi"}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "runAsGroup": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containerSecurityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
