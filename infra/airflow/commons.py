"""What the releases of a stack share: their namespaces, their priority, and the database's administrator."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core, scheduling
from pulumi_kubernetes.core.v1 import LimitRangeItemArgs, LimitRangeSpecArgs, ResourceQuotaSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow import tls
from infra.airflow.files import script_files
from infra.contracts import Database, Foundation, Text, name_of
from infra.names import Names
from infra.namespaces import Allow, Namespace
from infra.settings import Settings
from infra.settings.release import Release

PRIORITY = 100_000


class Commons(pulumi.ComponentResource):
    """Made once for all releases. `of` holds the namespace of each release by the release's name.

    The administrator's password and the Jobs that use it live in `admin`, a namespace of their own, as the pods of
    a release's namespace can mount every Secret in it.
    """

    of: Mapping[str, Namespace]
    admin: Namespace
    admin_secret: pulumi.Output[str]
    admin_ca: pulumi.Output[str] | None
    admin_scripts: pulumi.Output[str]
    priority_class: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: Settings,
        foundation: Foundation,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:airflow:Commons", name, None, opts)
        self._foundation, self._names = foundation, names
        self.priority_class = self._priority()
        made = {
            namespace: self._namespace(namespace, settings)
            for namespace in sorted({release.in_namespace for release in settings.releases})
        }
        self.of = {release.name: made[release.in_namespace] for release in settings.releases}
        self._administration(foundation.database)
        self.register_outputs({})

    def _priority(self) -> pulumi.Output[str]:
        name = self._names.resource("airflow")
        made = scheduling.v1.PriorityClass(
            name,
            metadata=ObjectMetaArgs(name=name, labels=self._names.labels("airflow")),
            value=PRIORITY,
            global_default=False,
            description="Airflow's own components, which a full cluster keeps before tasks",
            opts=pulumi.ResourceOptions(parent=self),
        )
        return name_of(made, name)

    def _namespace(self, namespace: str, settings: Settings) -> Namespace:
        inside = [release for release in settings.releases if release.in_namespace == namespace]
        made = Namespace(
            namespace,
            namespace=namespace,
            labels=self._names.labels("airflow"),
            allow={},
            ready=self._foundation.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        opts = pulumi.ResourceOptions(parent=self, depends_on=[made.made])
        metadata = ObjectMetaArgs(namespace=namespace, labels=self._names.labels("airflow"))
        core.v1.ResourceQuota(namespace, metadata=metadata, spec=quota(settings, inside), opts=opts)
        core.v1.LimitRange(namespace, metadata=metadata, spec=limits(settings), opts=opts)
        return made

    def _administration(self, database: Database) -> None:
        namespace = self._names.resource("database-admin")
        self.admin = Namespace(
            "database-admin",
            namespace=namespace,
            labels=self._names.labels("database-admin"),
            allow={"database": Allow("egress", database.peers, (database.port,))},
            ready=self._foundation.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        opts = pulumi.ResourceOptions(parent=self, depends_on=[self.admin.made])
        metadata = ObjectMetaArgs(namespace=namespace, labels=self._names.labels("database-admin"))
        secret = core.v1.Secret(
            "database-admin",
            metadata=metadata,
            string_data={"password": database.admin_password},
            immutable=True,
            opts=opts,
        )
        scripts = core.v1.ConfigMap(
            "database-scripts",
            metadata=metadata,
            data={**script_files("bootstrap.py"), **ca_file(database)},
            immutable=True,
            opts=opts,
        )
        self.admin_secret = secret.metadata.name.apply(str)
        self.admin_scripts = scripts.metadata.name.apply(str)
        self.admin_ca = self.admin_scripts if ca_file(database) else None


def quota(settings: Settings, inside: list[Release]) -> ResourceQuotaSpecArgs:
    """The size's bounds for each release in the namespace."""
    figures, count = settings.sized.quota, len(inside)
    return ResourceQuotaSpecArgs(
        hard={
            "requests.cpu": _times(figures.cpu, count),
            "requests.memory": _times(figures.memory, count),
            "pods": str(figures.pods * count),
        }
    )


def _times(quantity: str, count: int) -> str:
    digits = quantity.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f"{int(digits) * count}{quantity[len(digits) :]}"


def limits(settings: Settings) -> LimitRangeSpecArgs:
    """Requests and limits of a container that names none: a DAG's own pods would be refused by the quota."""
    tasks = settings.sized.tasks
    given = {"cpu": tasks.cpu, "memory": tasks.memory}
    return LimitRangeSpecArgs(
        limits=[
            LimitRangeItemArgs(
                type="Container", default_request=given, default={"cpu": tasks.cpu_limit, "memory": tasks.memory}
            )
        ]
    )


def ca_file(database: Database) -> dict[str, Text]:
    """The database's root by its file's name; nothing where the image's own roots hold it."""
    return {} if database.ca_bundle == "" else {tls.FILE.rpartition("/")[2]: database.ca_bundle}


def ca_config_map(
    name: str, database: Database, namespace: Text, opts: pulumi.ResourceOptions
) -> pulumi.Output[str] | None:
    """The database's root as a ConfigMap; none where the image's own roots hold it."""
    if not (data := ca_file(database)):
        return None
    made = core.v1.ConfigMap(
        name,
        metadata=ObjectMetaArgs(namespace=namespace),
        data=data,
        immutable=True,
        opts=opts,
    )
    return made.metadata.name.apply(str)
