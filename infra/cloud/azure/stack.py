"""What every file of this folder works with: the settings, the names, the provider, and the options of resources."""

import uuid
from dataclasses import dataclass
from functools import cached_property

import pulumi
import pulumi_azure_native as azure

from infra.names import Names, digest
from infra.settings import Settings
from infra.settings.azure import AzureCloud

SERVER = "Microsoft.DBforPostgreSQL/flexibleServers"


@dataclass(frozen=True)
class Place:
    """One stack's place on Azure: what is called how. Names are known before anything is made, and so are most ids."""

    cloud: AzureCloud
    settings: Settings
    names: Names

    @cached_property
    def tags(self) -> dict[str, str]:
        """Tags of everything that can be tagged."""
        return self.names.tags(self.settings.tags)

    @cached_property
    def world(self) -> str:
        """Tells this subscription's names from another one's, where a name is unique in the world."""
        return digest(self.cloud.subscription)

    @property
    def cluster_name(self) -> str:
        """AKS: at most 63 characters."""
        return self.names.resource(limit=63)

    @property
    def group_name(self) -> str:
        """The resource group: at most 90 characters."""
        return self.names.resource(limit=90)

    @property
    def database_name(self) -> str:
        """The server. A restored one is a new one beside the old, so that the moment is part of its name."""
        moment = self.cloud.database.restore_at
        return self._server(digest(moment)) if moment else self._server()

    @property
    def restored_from(self) -> str:
        """The id of the server that a new one is made from: the stack's own first one, unless another is named."""
        return self.cloud.database.restore_from or self.resource_id(SERVER, self._server())

    @property
    def files_account_name(self) -> str:
        """The storage account of the shares."""
        return self.names.storage_account("files", self.world)

    def logs_account_name(self, release: str) -> str:
        """The storage account of a release's logs."""
        return self.names.storage_account("logs", release, self.world)

    @property
    def registry_name(self) -> str:
        """The container registry."""
        return self.names.container_registry("registry", self.world)

    def guid(self, *words: str) -> str:
        """A GUID of this stack's own, the same in every run; role assignments are named by one."""
        own = (self.cloud.subscription, self.names.project, self.names.stack, *words)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, "\0".join(own)))

    def resource_id(self, kind: str, name: str) -> str:
        """The id of a resource of the stack's group, such as a `Microsoft.Network/virtualNetworks`."""
        return f"/subscriptions/{self.cloud.subscription}/resourceGroups/{self.group_name}/providers/{kind}/{name}"

    def role(self, definition: str) -> str:
        """The id of a built-in role by its GUID."""
        kind = "Microsoft.Authorization/roleDefinitions"
        return f"/subscriptions/{self.cloud.subscription}/providers/{kind}/{definition}"

    def _server(self, *more: str) -> str:
        return self.names.database_server("database", *more, self.world)


@dataclass(frozen=True)
class Stack(Place):
    """A place to build at. `hooks` retry what Azure refuses for a moment; `group` is the resource group's name."""

    provider: azure.Provider
    group: pulumi.Output[str]
    hooks: pulumi.ResourceHookBinding

    @property
    def keep(self) -> bool:
        """Whether what holds data is protected: `pulumi destroy` then refuses to delete it."""
        return self.settings.production

    def inside(self) -> pulumi.ResourceOptions:
        """Options of a component here: its Azure children take this provider, and no default one."""
        return pulumi.ResourceOptions(providers={"azure-native": self.provider})
