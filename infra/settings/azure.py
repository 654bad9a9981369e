"""Azure: the subscription, the network, AKS, PostgreSQL Flexible Server and what stands beside them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings import azure_facts
from infra.settings.base import Cidr, Integer, Model, matching
from infra.settings.cloud_common import CloudCluster, CloudDatabase
from infra.settings.images import RegistryUrl
from infra.settings.problems import refuse


def _moment(value: str) -> str:
    try:
        moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise refuse("a moment in UTC", "as quoted text, for example 2026-11-20T09:30:00Z") from None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


Guid = Annotated[
    str,
    matching(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "a GUID in lower case",
        "for example 8d3f1c52-0b7e-4f7c-9a43-6a5f0e1d2c3b",
    ),
]
ResourceId = Annotated[
    str,
    matching(
        r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/[^/]+(/[^/]+/[^/]+)+",
        "the id of a resource",
        "`az resource show --query id`: /subscriptions/…/resourceGroups/…",
    ),
]
ResourceGroup = Annotated[
    str,
    matching(
        r"[\w().-]{0,89}[\w()-]",
        "a resource group's name: 1 to 90 letters, digits, ( ) . _ and -, no dot last",
        "`az group list --query [].name`",
    ),
]
Moment = Annotated[str, AfterValidator(_moment)]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class AzureCluster(CloudCluster):
    """AKS."""

    admins: tuple[Guid, ...] = Field(min_length=1, description="object ids of the Entra groups that administer it")
    login: Literal["azurecli", "workloadidentity", "spn"] = Field(
        default="azurecli",
        description="how kubelogin gets a token: `az login`, a pipeline's federation, or a principal",
    )
    pod_cidr: Cidr = Field(default="10.244.0.0/16", description="addresses of pods: an overlay, a /24 of it a node")
    dns_service_ip: str | None = Field(
        default=None, description="address of the cluster's DNS; none: serviceCidr's 10th"
    )
    max_pods: Annotated[Integer, Field(ge=30, le=250)] = Field(
        default=60, description="pods a node; AKS keeps 20 MB of each node's memory for every one of them"
    )
    maintenance_day: Weekday = Field(default="Sunday", description="day of upgrades of nodes and Kubernetes")
    maintenance_start: Annotated[
        str, matching(r"([01]\d|2[0-3]):[0-5]\d", "a time of day as HH:MM", 'as quoted text, for example "01:00"')
    ] = Field(
        default="01:00",
        description="UTC, as quoted text; four hours from then on for Kubernetes, the next four for nodes' images",
    )
    drain_minutes: Annotated[Integer, Field(ge=1, le=1440)] = Field(
        default=240, description="how long an upgrade waits for a node's tasks to end; then it leaves the node cordoned"
    )


class NewNetwork(Model):
    """A VNet of the stack's own. Subnets left out are cut from `cidr`."""

    kind: Literal["new"] = "new"
    cidr: Cidr = "10.20.0.0/16"
    nodes_subnet: Cidr | None = Field(default=None, description="one address a node; none: the lower half of cidr")
    database_subnet: Cidr | None = Field(default=None, description="PostgreSQL's alone; none: from the upper half")
    endpoints_subnet: Cidr | None = Field(default=None, description="private endpoints; none: from the upper half")


class ExistingNetwork(Model):
    """A VNet that somebody else keeps: its subnets, their way out, and the private DNS zones linked with it."""

    kind: Literal["existing"]
    nodes_subnet_id: ResourceId
    nodes_cidr: Cidr = Field(description="the nodes' subnet; nothing else of the VNet is looked up")
    database_subnet_id: ResourceId = Field(description="delegated to Microsoft.DBforPostgreSQL/flexibleServers")
    database_cidr: Cidr
    endpoints_subnet_id: ResourceId
    endpoints_cidr: Cidr
    postgres_zone_id: ResourceId = Field(description="private DNS zone that ends in .postgres.database.azure.com")
    blob_zone_id: ResourceId = Field(description="private DNS zone privatelink.blob.core.windows.net")
    file_zone_id: ResourceId = Field(description="private DNS zone privatelink.file.core.windows.net")
    outbound: Literal["nat", "routes"] = Field(
        default="nat", description="the nodes' way out: a NAT gateway, or routes"
    )


class AzureDatabase(CloudDatabase):
    """Flexible Server for PostgreSQL."""

    geo_redundant_backup: bool | None = Field(
        default=None, description="backups in the paired region too, only at creation; none: in production"
    )
    restore_at: Moment | None = Field(
        default=None, description="moment (UTC) that a new server is restored from the one that is there; then left"
    )
    restore_from: ResourceId | None = Field(
        default=None, description="id of the server to restore; none: the stack's own first one"
    )
    restored: bool = Field(
        default=False, description="true once restoreAt's server is there: it gets its standby, and takes changes again"
    )
    maintenance_day: Weekday = "Sunday"
    maintenance_hour: Annotated[Integer, Field(ge=0, le=23)] = Field(default=3, description="UTC")


class AzureCloud(Model):
    """`cloud.kind: azure`."""

    kind: Literal["azure"]
    subscription: Guid = Field(description="the subscription that a run must be in; any other is refused")
    tenant: Guid = Field(description="the Entra tenant of the subscription")
    region: str
    allow_new_region: bool = Field(default=False, description="allow a region that is not in the list; needs zones")
    zones: tuple[str, ...] = Field(default=(), description="two or three zones; none: the region's first three")
    network: Annotated[NewNetwork | ExistingNetwork, Field(discriminator="kind")] = NewNetwork()
    cluster: AzureCluster
    database: AzureDatabase = AzureDatabase()
    registry: RegistryUrl | None = Field(
        default=None,
        description="host of a registry elsewhere, pulled by releases[].image.pullSecret; none: an own ACR",
    )
    dns_resource_group: ResourceGroup | None = Field(
        default=None, description="resource group of the zone, where platform.dns is existing"
    )
    tasks_on_spot: bool = Field(default=False, description="run task pods on spot capacity; an eviction fails the task")

    @property
    def used_zones(self) -> tuple[str, ...]:
        """The zones that the stack stands in."""
        return self.zones or azure_facts.regions()[self.region].zones[:3]

    @property
    def region_zones(self) -> tuple[str, ...]:
        """All zones of the region: an address is in one of them or in every one."""
        known = azure_facts.regions().get(self.region)
        return known.zones if known else self.zones

    @property
    def own_names(self) -> str:
        """What follows the label in the name that Azure itself gives a public address."""
        return f".{self.region}.cloudapp.azure.com"
