"""Azure: AKS, PostgreSQL Flexible Server, Azure Files, Blob, ACR and Azure DNS behind the promises of every cloud."""

from dataclasses import replace

import pulumi
import pulumi_azure_native as azure
from pulumi_azure_native import resources

from infra.cloud.azure import cluster, database, dns, files, hooks, identity, object_store, registry
from infra.cloud.azure.logs import Logs
from infra.cloud.azure.network import Network
from infra.cloud.azure.stack import Place, Stack
from infra.contracts import Foundation
from infra.names import Names
from infra.settings import Secrets, Settings
from infra.settings.azure import AzureCloud


def build(cloud: AzureCloud, settings: Settings, secrets: Secrets, names: Names) -> Foundation:
    """The foundation in the subscription that `cloud.subscription` names. The database waits for no cluster."""
    stack = _stack(cloud, settings, names)
    network = Network("network", stack, stack.inside())
    logs = Logs("logs", stack, stack.inside())
    made, aks = cluster.build(stack, network, logs, stack.inside())
    own_registry, pull = registry.build(stack, aks.cluster, stack.inside())
    issuer = aks.cluster.oidc_issuer_profile.apply(lambda profile: profile.issuer_url if profile else "")
    who = identity.build(stack, issuer)
    return Foundation(
        cluster=replace(made, ready=(*made.ready, *pull)),
        database=database.build(stack, network, logs, secrets.output("databasePassword"), stack.inside()),
        files=files.build(stack, network, made, who, stack.inside()),
        identity=who,
        object_store=object_store.build(stack, network),
        registry=own_registry,
        dns=dns.build(stack, stack.inside()),
        exports={"subscription": cloud.subscription, "resourceGroup": stack.group_name},
    )


def _stack(cloud: AzureCloud, settings: Settings, names: Names) -> Stack:
    provider = azure.Provider(
        "azure",
        subscription_id=cloud.subscription,
        tenant_id=cloud.tenant,
        location=cloud.region,
    )
    binding = hooks.binding()
    place = Place(cloud, settings, names)
    group = resources.ResourceGroup(
        "group",
        resource_group_name=place.group_name,
        location=cloud.region,
        tags=place.tags,
        # Deleting a group deletes all that is in it.
        opts=pulumi.ResourceOptions(provider=provider, protect=settings.production or None, hooks=binding),
    )
    return Stack(cloud, settings, names, provider, group.name, binding)
