"""EKS add-ons, in the order that nodes and pods need them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.identity import PodRole
from infra.cloud.aws.stack import Stack

NAMESPACE = "kube-system"
#: By cores and nodes: two pods answer a small stack's questions, and not those of thirty nodes full of tasks.
COREDNS = {"autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10}}


class EarlyAddons(pulumi.ComponentResource):
    """What a node needs to become ready: addresses for pods, Services, and credentials for the first of the two."""

    addons: list[pulumi.Resource]

    def __init__(
        self, name: str, stack: Stack, cluster: aws.eks.Cluster, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("airflow:aws:EarlyAddons", name, None, opts)
        role = _role("vpc-cni", stack, "aws-node", "AmazonEKS_CNI_Policy", self)
        self.addons = [
            _addon("eks-pod-identity-agent", stack, cluster, self),
            _addon("kube-proxy", stack, cluster, self),
            _addon(
                "vpc-cni",
                stack,
                cluster,
                self,
                role=role,
                service_account="aws-node",
                configuration={"enableNetworkPolicy": "true"},
                # Gone before the nodes, it would leave network interfaces behind that hold the VPC.
                preserve=True,
            ),
        ]
        self.register_outputs({})


class LateAddons(pulumi.ComponentResource):
    """What runs on nodes: cluster DNS, volumes, metrics."""

    addons: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        stack: Stack,
        cluster: aws.eks.Cluster,
        nodes: aws.eks.NodeGroup,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:LateAddons", name, None, opts)
        account, tagged = "ebs-csi-controller-sa", {"controller": {"extraVolumeTags": stack.tags}}
        # The second version lets it touch the volumes that it made itself, and none of another cluster's.
        role = _role("ebs-csi", stack, account, "AmazonEBSCSIDriverPolicyV2", self)
        self.addons = [
            _addon("coredns", stack, cluster, self, configuration=COREDNS, after=[nodes]),
            _addon("metrics-server", stack, cluster, self, after=[nodes]),
            _addon(
                "aws-ebs-csi-driver",
                stack,
                cluster,
                self,
                role=role,
                service_account=account,
                configuration=tagged,
                after=[nodes],
            ),
            # Without a role: access points are made by this program, and mounting needs none.
            _addon("aws-efs-csi-driver", stack, cluster, self, after=[nodes]),
        ]
        self.register_outputs({})


def _role(name: str, stack: Stack, account: str, policy: str, parent: pulumi.Resource) -> PodRole:
    return PodRole(
        name,
        stack,
        NAMESPACE,
        account,
        managed=[stack.managed_policy(policy)],
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _addon(
    name: str,
    stack: Stack,
    cluster: aws.eks.Cluster,
    parent: pulumi.Resource,
    *,
    role: PodRole | None = None,
    service_account: str = "",
    configuration: Mapping[str, Any] | None = None,
    preserve: bool = False,
    after: Sequence[pulumi.Resource] = (),
) -> aws.eks.Addon:
    bound = (
        [aws.eks.AddonPodIdentityAssociationArgs(role_arn=role.role.arn, service_account=service_account)]
        if role
        else None
    )
    # EKS's default for this Kubernetes: an upgrade of the cluster takes its add-ons along, in the plan for all to see.
    version = aws.eks.get_addon_version_output(
        addon_name=name,
        kubernetes_version=stack.cloud.cluster.kubernetes_version,
        most_recent=False,
        opts=pulumi.InvokeOutputOptions(provider=stack.provider),
    ).version
    return aws.eks.Addon(
        name,
        cluster_name=cluster.name,
        addon_name=name,
        addon_version=version,
        pod_identity_associations=bound,
        configuration_values=json.dumps(configuration) if configuration else None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        preserve=preserve,
        tags=stack.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[*after, *(role.ready if role else ())],
            hooks=stack.hooks,
            custom_timeouts=pulumi.CustomTimeouts(create="20m", update="20m", delete="20m"),
        ),
    )
