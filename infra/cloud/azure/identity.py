"""Who may do what: a user-assigned identity per service account by workload identity, no key anywhere."""

from dataclasses import dataclass
from typing import cast

import pulumi
from pulumi_azure_native import authorization, managedidentity

from infra.cloud.azure.stack import Stack
from infra.contracts import Identity, IdentityRequest, Peer, ServiceAccountIdentity

AUDIENCE = "api://AzureADTokenExchange"

#: GUIDs of built-in roles: learn.microsoft.com/azure/role-based-access-control/built-in-roles
ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
AKS_CLUSTER_ADMIN = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"  # Azure Kubernetes Service RBAC Cluster Admin
BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
DNS_ZONE_CONTRIBUTOR = "befefa01-2a29-4197-83a8-272ff33ce314"
NETWORK_CONTRIBUTOR = "4d97b98b-1d4f-4787-a291-c67834d212e7"


@dataclass(frozen=True)
class Grant:
    """A built-in role on one resource (its id) and nothing above it; opaque outside of this folder."""

    role: str
    scope: pulumi.Input[str]
    what: str


def assign(
    name: str,
    stack: Stack,
    grant: Grant,
    principal: pulumi.Input[str],
    parent: pulumi.Resource,
    kind: authorization.PrincipalType = authorization.PrincipalType.SERVICE_PRINCIPAL,
) -> authorization.RoleAssignment:
    """Give a principal (its object id) a role."""
    return authorization.RoleAssignment(
        name,
        role_assignment_name=stack.guid(name),
        principal_id=principal,
        # Without the type Azure asks Entra for the principal, which may not have heard of it yet.
        principal_type=kind,
        role_definition_id=stack.role(grant.role),
        scope=grant.scope,
        description=f"{stack.names.resource()}: {grant.what}",
        opts=pulumi.ResourceOptions(
            parent=parent,
            provider=stack.provider,
            delete_before_replace=True,  # one name is one assignment: the new one cannot stand beside the old
            hooks=stack.hooks,
        ),
    )


class Binding(pulumi.ComponentResource):
    """A service account's identity, what it may do, and the credential that its tokens are exchanged by."""

    identity: managedidentity.UserAssignedIdentity

    def __init__(
        self,
        name: str,
        stack: Stack,
        issuer: pulumi.Input[str],
        request: IdentityRequest,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:azure:Binding", name, None, opts)
        self._name, self._stack, self._issuer, self._request = name, stack, issuer, request
        self.identity = managedidentity.UserAssignedIdentity(
            name,
            resource_group_name=stack.group,
            resource_name_=stack.names.resource(name, limit=120),
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, provider=stack.provider),
        )
        grants = [cast("Grant", grant) for grant in request.grants]
        self._assigned = [
            assign(f"{name}-{number}", stack, grant, self.identity.principal_id, self)
            for number, grant in enumerate(grants, 1)
        ]
        self.register_outputs({})

    def associate(self, account: pulumi.Resource, credentials: list[pulumi.Resource]) -> tuple[pulumi.Resource, ...]:
        """Let the account's tokens be exchanged. `credentials` were written before; its own joins them."""
        stack, space, name = self._stack, self._request.namespace, self._request.service_account
        credential = managedidentity.FederatedIdentityCredential(
            self._name,
            resource_group_name=stack.group,
            resource_name_=self.identity.name,
            federated_identity_credential_resource_name="cluster",
            issuer=self._issuer,
            subject=pulumi.Output.concat("system:serviceaccount:", space, ":", name),
            audiences=[AUDIENCE],
            # Written at the same time, they are refused.
            opts=pulumi.ResourceOptions(
                parent=self, provider=stack.provider, depends_on=[*credentials[-1:], account], hooks=stack.hooks
            ),
        )
        credentials.append(credential)
        return (credential, *self._assigned)


def build(stack: Stack, issuer: pulumi.Input[str]) -> Identity:
    """The promise that every cloud makes. A service account without grants is nobody, and gets no identity."""
    credentials: list[pulumi.Resource] = []

    def bind(request: IdentityRequest, opts: pulumi.ResourceOptions) -> ServiceAccountIdentity:
        if not request.grants:
            return ServiceAccountIdentity()
        made = Binding(request.name, stack, issuer, request, opts)
        return ServiceAccountIdentity(
            annotations={
                "azure.workload.identity/client-id": made.identity.client_id,
                "azure.workload.identity/tenant-id": stack.cloud.tenant,
            },
            pod_labels={"azure.workload.identity/use": "true"},
            associate=lambda account: made.associate(account, credentials),
        )

    # Entra's addresses are no fixed ones.
    return Identity(bind=bind, peers=(Peer(cidr="0.0.0.0/0", ports=(443,)),))
