"""ACR: where the image of Airflow is pushed to. Nodes pull by the kubelet's identity, without a secret."""

import pulumi
from pulumi_azure_native import containerregistry as acr
from pulumi_azure_native import containerservice as aks

from infra.cloud.azure.identity import ACR_PULL, Grant, assign
from infra.cloud.azure.stack import Stack
from infra.contracts import Registry


class OwnRegistry(pulumi.ComponentResource):
    """The registry, and the one right of the kubelet. `pull` is what nodes wait for."""

    pull: pulumi.Resource

    def __init__(
        self, name: str, stack: Stack, cluster: aks.ManagedCluster, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("airflow:azure:Registry", name, None, opts)
        premium = stack.settings.production
        made = acr.Registry(
            "registry",
            resource_group_name=stack.group,
            registry_name=stack.registry_name,
            sku=acr.SkuArgs(name=acr.SkuName.PREMIUM if premium else acr.SkuName.STANDARD),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            # Zones and the clean-up of untagged layers are Premium's.
            zone_redundancy=acr.ZoneRedundancy.ENABLED if premium else None,
            policies=acr.PoliciesArgs(
                retention_policy=acr.RetentionPolicyArgs(days=14, status=acr.PolicyStatus.ENABLED)
            )
            if premium
            else None,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, hooks=stack.hooks),
        )
        kubelet = cluster.identity_profile.apply(lambda found: (found or {})["kubeletidentity"].object_id or "")
        self.pull = assign("registry-pull", stack, Grant(ACR_PULL, made.id, "nodes pull images"), kubelet, self)
        self.register_outputs({})


def build(
    stack: Stack, cluster: aks.ManagedCluster, opts: pulumi.ResourceOptions
) -> tuple[Registry, tuple[pulumi.Resource, ...]]:
    """The promise that every cloud makes, and what nodes wait for before they pull."""
    elsewhere = stack.cloud.registry
    if elsewhere:
        return Registry(elsewhere, f"docker login {elsewhere.partition('/')[0]}"), ()
    made = OwnRegistry("registry", stack, cluster, opts)
    name = stack.registry_name
    login = f"az acr login --name {name} --subscription {stack.cloud.subscription}"
    return Registry(f"{name}.azurecr.io", login), (made.pull,)
