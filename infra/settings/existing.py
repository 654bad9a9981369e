"""A cluster that is already there: kind, minikube, k3d, Docker Desktop, or a company's own."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Count, Host, Integer, Model, Port, Positive, Text, matching
from infra.settings.cron import Cron
from infra.settings.images import RegistryUrl
from infra.versions import KUBERNETES_DEFAULT

#: Unlike most objects, classes are commonly named with dots.
StorageClass = Annotated[
    str,
    matching(
        r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
        "the name of a StorageClass",
        "`kubectl get storageclass` lists them",
    ),
]
Folder = Annotated[
    str,
    matching(
        r"/|(/(?!\.\.?(/|$))[^/\0]+)+/?", "an absolute path on the node, without `.` and `..`", "for example /airflow"
    ),
]


class ClusterDatabase(Model):
    """PostgreSQL in the cluster, over TLS from a CA of its own, with scheduled dumps. For trials, not production."""

    kind: Literal["cluster"] = "cluster"
    storage_class: StorageClass | None = Field(
        default=None, description="class of its volume; none takes the cluster's default"
    )
    storage_gib: Positive = Field(default=10, description="GiB of its volume, and of the volume with its dumps")
    backup_schedule: Cron = Field(default="0 2 * * *", description="cron of pg_dump, in UTC")
    backup_retention_days: Annotated[Integer, Field(ge=1, le=35, description="days that a dump is kept")] = 7


class ExternalDatabase(Model):
    """A PostgreSQL that somebody else runs, reached over verified TLS."""

    kind: Literal["external"]
    host: Host = Field(description="its name, as its certificate has it")
    port: Port = 5432
    admin_user: Text = Field(
        default="postgres",
        description="who may create roles and databases; its password is databasePassword",
    )
    highly_available: bool = Field(default=False, description="whether it has a standby; production needs one")
    backup_retention_days: Count = Field(default=0, description="days of backups that its owner keeps")
    ca_file: Text = Field(
        description="PEM file of the CA that signed its certificate, relative to the project's folder"
    )


class StorageClassFiles(Model):
    """ReadWriteMany volumes from a storage class that offers them."""

    kind: Literal["storageClass"]
    name: StorageClass = Field(description="the class; it has to offer ReadWriteMany")


class HostPathFiles(Model):
    """Folders of the single node, for a cluster that mounts the checkout (kind's extraMounts, minikube mount)."""

    kind: Literal["hostPath"] = "hostPath"
    path: Folder = Field(default="/airflow", description="the folder on the node that holds dags/ and plugins/")


class ExistingRegistry(Model):
    """A registry that is already there. Where pulling needs a login, `releases[].image.pullSecret` says so."""

    url: RegistryUrl = Field(description="host and path in front of an image's name")


class ExistingCloud(Model):
    """`cloud.kind: existing`."""

    kind: Literal["existing"]
    context: Text = Field(description="the context of the kubeconfig; the ambient one is never used")
    kubeconfig: Text = Field(
        default="~/.kube/config", description="path of the kubeconfig file, or `secret` for the secret of that name"
    )
    kubernetes_version: str = Field(default=KUBERNETES_DEFAULT, description="minor version that the cluster runs")
    node_port: Annotated[Integer, Field(ge=30000, le=32767)] | None = Field(
        default=None,
        description="port of the node for the ingress or, without one, the UI; none: `make ui` forwards port 1234",
    )
    single_node: bool = Field(default=True, description="one node serves all: no spread, one replica of the platform")
    database: Annotated[ClusterDatabase | ExternalDatabase, Field(discriminator="kind")] = ClusterDatabase()
    files: Annotated[StorageClassFiles | HostPathFiles, Field(discriminator="kind")] = HostPathFiles()
    registry: ExistingRegistry | None = Field(default=None, description="none: images come from where their names say")
