"""Azure: the subscription, the network, AKS, PostgreSQL Flexible Server and what stands beside them."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings.base import Model
from infra.settings.cloud_common import CloudCluster, CloudDatabase
from infra.settings.problems import refuse


def _guid(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
        raise refuse("a GUID in lower case", "for example 8d3f1c52-0b7e-4f7c-9a43-6a5f0e1d2c3b")
    return value


Guid = Annotated[str, AfterValidator(_guid)]


class AzureCluster(CloudCluster):
    """AKS."""

    admins: tuple[Guid, ...] = Field(min_length=1, description="object ids of the Entra groups that administer it")


class AzureCloud(Model):
    """`cloud.kind: azure`."""

    kind: Literal["azure"]
    subscription: Guid = Field(description="the subscription that a run must be in; any other is refused")
    tenant: Guid
    region: str
    cluster: AzureCluster
    database: CloudDatabase = CloudDatabase()
