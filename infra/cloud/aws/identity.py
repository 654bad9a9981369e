"""Who may do what: roles of service accounts by EKS Pod Identity, one role each, no key anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.policies import Statement, document
from infra.cloud.aws.stack import Stack
from infra.contracts import Identity, IdentityRequest, Peer, ServiceAccountIdentity

#: The link-local address of the Pod Identity agent on every node, where pods fetch their credentials.
AGENT = "169.254.170.23/32"


@dataclass(frozen=True)
class Grant:
    """What a store lets its users do; opaque outside of this folder."""

    statements: tuple[Statement, ...]


def pod_trust(stack: Stack, namespace: pulumi.Input[str], service_account: str) -> pulumi.Output[str]:
    """The policy of a role that only pods of this service account, in this cluster, take on."""
    return document(
        Statement(
            ["sts:AssumeRole", "sts:TagSession"],
            principal={"Service": "pods.eks.amazonaws.com"},
            condition={
                "StringEquals": {
                    "aws:SourceAccount": stack.cloud.account,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                },
                "ArnEquals": {"aws:SourceArn": stack.arn("eks", f"cluster/{stack.cluster_name}")},
            },
        )
    )


class PodRole(pulumi.ComponentResource):
    """The role of one service account. `ready` are the rights that a pod would miss if it came earlier."""

    role: aws.iam.Role
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        stack: Stack,
        namespace: pulumi.Input[str],
        service_account: str,
        *,
        statements: Sequence[Statement] = (),
        managed: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:PodRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, provider=stack.provider)
        self.role = aws.iam.Role(
            name,
            name=stack.role_name(name),
            assume_role_policy=pod_trust(stack, namespace, service_account),
            permissions_boundary=stack.cloud.permissions_boundary,
            tags=stack.tags,
            opts=child,
        )
        self.ready = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy.rpartition('/')[2]}", role=self.role.name, policy_arn=policy, opts=child
            )
            for policy in managed
        ]
        if statements:
            self.ready.append(aws.iam.RolePolicy(name, role=self.role.name, policy=document(*statements), opts=child))
        self.register_outputs({})


class Binding(pulumi.ComponentResource):
    """A service account's role, and its association with it once the account is there."""

    def __init__(
        self,
        name: str,
        stack: Stack,
        cluster_name: pulumi.Input[str],
        request: IdentityRequest,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:Binding", name, None, opts)
        self._name, self._stack, self._cluster_name, self._request = name, stack, cluster_name, request
        statements = [one for grant in request.grants for one in cast("Grant", grant).statements]
        self._made = PodRole(
            name,
            stack,
            request.namespace,
            request.service_account,
            statements=statements,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def associate(self, account: pulumi.Resource) -> tuple[pulumi.Resource, ...]:
        """Give the account its role: a pod that comes later takes it on."""
        stack = self._stack
        made = aws.eks.PodIdentityAssociation(
            self._name,
            cluster_name=self._cluster_name,
            namespace=self._request.namespace,
            service_account=self._request.service_account,
            role_arn=self._made.role.arn,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(
                parent=self, provider=stack.provider, depends_on=[*self._made.ready, account], hooks=stack.hooks
            ),
        )
        return (made,)


def build(stack: Stack, cluster_name: pulumi.Input[str]) -> Identity:
    """The promise that every cloud makes. A service account without grants is nobody, and gets no role."""

    def bind(request: IdentityRequest, opts: pulumi.ResourceOptions) -> ServiceAccountIdentity:
        if not request.grants:
            return ServiceAccountIdentity()
        return ServiceAccountIdentity(associate=Binding(request.name, stack, cluster_name, request, opts).associate)

    return Identity(bind=bind, peers=(Peer(cidr=AGENT, ports=(80,)),))
