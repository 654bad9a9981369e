"""What every file of this folder works with: the settings, the names, the provider, and the options of resources."""

import uuid
from dataclasses import dataclass
from functools import cached_property

import pulumi
import pulumi_azure_native as azure

from infra.names import Names, digest
from infra.settings import Settings
from infra.settings.azure import AzureCloud


@dataclass(frozen=True)
class Stack:
    """One stack on Azure. `hooks` retry what Azure refuses for a moment; `group` is the resource group's name."""

    cloud: AzureCloud
    settings: Settings
    names: Names
    provider: azure.Provider
    group: pulumi.Output[str]
    hooks: pulumi.ResourceHookBinding

    @cached_property
    def tags(self) -> dict[str, str]:
        """Tags of everything that can be tagged."""
        return self.names.tags(self.settings.tags)

    @property
    def keep(self) -> bool:
        """Whether what holds data is protected: `pulumi destroy` then refuses to delete it."""
        return self.settings.production

    @cached_property
    def world(self) -> str:
        """Tells this subscription's names from another one's, where a name is unique in the world."""
        return digest(self.cloud.subscription)

    @property
    def cluster_name(self) -> str:
        """AKS: at most 63 characters. Known before the cluster is, so that commands can be."""
        return self.names.resource(limit=63)

    @property
    def group_name(self) -> str:
        """The resource group's name before it is made: at most 90 characters."""
        return self.names.resource(limit=90)

    def guid(self, *words: str) -> str:
        """A GUID of this stack's own, the same in every run; role assignments are named by one."""
        own = (self.cloud.subscription, self.names.project, self.names.stack, *words)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(own)))

    def resource_id(self, kind: str, name: str) -> str:
        """The id of a resource of the stack's group, such as `Microsoft.Network/virtualNetworks`, before it is made."""
        return f"/subscriptions/{self.cloud.subscription}/resourceGroups/{self.group_name}/providers/{kind}/{name}"

    def role(self, definition: str) -> str:
        """The id of a built-in role by its GUID."""
        kind = "Microsoft.Authorization/roleDefinitions"
        return f"/subscriptions/{self.cloud.subscription}/providers/{kind}/{definition}"

    def inside(self) -> pulumi.ResourceOptions:
        """Options of a component here: its Azure children take this provider, and no default one."""
        return pulumi.ResourceOptions(providers={"azure-native": self.provider})
