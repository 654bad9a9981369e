"""What AWS's and Azure's settings share: the cluster's version and API, the database's care, and their field rules."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings.base import Cidr, Integer, Model
from infra.settings.problems import refuse
from infra.versions import KUBERNETES_DEFAULT, POSTGRES_MAJOR

#: Names that RDS or Flexible Server keep for themselves, or that PostgreSQL's own roles have.
RESERVED_ADMINS = frozenset(
    {
        "admin",
        "administrator",
        "azure_pg_admin",
        "azure_superuser",
        "guest",
        "postgres",
        "public",
        "rds_superuser",
        "rdsadmin",
        "replication",
        "root",
        "sa",
        "user",
    }
)


def _admin_user(value: str) -> str:
    if value in RESERVED_ADMINS or value.startswith("pg_"):
        raise refuse("no name that the service keeps for itself (admin, root, rdsadmin, pg_…)", "use airflow_admin")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", value):
        raise refuse("1 to 63 lower-case letters, digits and underscores, a letter first", "use airflow_admin")
    return value


def _retention(value: int) -> int:
    if not 1 <= value <= 35:
        raise refuse("1 to 35 days: both clouds' limits; 0 would switch backups off", "set 7 or more")
    return value


AdminUser = Annotated[str, AfterValidator(_admin_user)]
RetentionDays = Annotated[Integer, AfterValidator(_retention)]


class CloudCluster(Model):
    """A managed Kubernetes: its version and how its API is reached. Nodes always reach it inside the network."""

    kubernetes_version: str = Field(default=KUBERNETES_DEFAULT, description="minor version, as quoted text")
    nodes_version: str | None = Field(
        default=None,
        description="minor version of the nodes, to let a new control plane settle first; none: kubernetesVersion",
    )
    api: Literal["public", "private"] = Field(
        default="public",
        description="public: also from apiAllowedCidrs; private: only inside the network, where `up` must then run",
    )
    api_allowed_cidrs: tuple[Cidr, ...] = Field(
        default=(), description="from where a public API is reached; a private one on AWS, beside the VPC's own network"
    )
    allow_public_api: bool = Field(default=False, description="allow 0.0.0.0/0 in apiAllowedCidrs")
    service_cidr: Cidr = Field(default="172.20.0.0/16", description="addresses of Kubernetes Services")
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 180, 365, 400, 731] = Field(
        default=365, description="days that the control plane's and the network's logs are kept"
    )

    @property
    def nodes_at(self) -> str:
        """The nodes' minor version."""
        return self.nodes_version or self.kubernetes_version


class CloudDatabase(Model):
    """A managed PostgreSQL. What is left out follows the tier: production and integration are protected and kept."""

    postgres_major: Integer = Field(default=POSTGRES_MAJOR, description="major version; minor ones are the service's")
    admin_user: AdminUser = "airflow_admin"
    highly_available: bool | None = Field(
        default=None, description="a standby in another zone; none: in production only"
    )
    backup_retention_days: RetentionDays = Field(default=7, description="days of point-in-time recovery")
    deletion_protection: bool | None = Field(default=None, description="none: on, unless the stack is ephemeral")
