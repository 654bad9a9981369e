"""Flexible Server for PostgreSQL: TLS only, encrypted, backed up, and reached from the nodes alone."""

from pathlib import Path

import pulumi
from pulumi_azure_native import authorization
from pulumi_azure_native import dbforpostgresql as postgresql

from infra.cloud.azure.logs import DATABASE, Logs
from infra.cloud.azure.network import Network
from infra.cloud.azure.stack import Stack
from infra.contracts import Database, Peer
from infra.settings import azure_facts
from infra.settings.azure import AzureDatabase

PORT = 5432
ROOTS = Path(__file__).parent / "database_roots.pem"
WEEK = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

#: Beside TLS: what changed the schema and what was slow stands in the log. Tasks' own data never passes through here.
PARAMETERS = {
    "require_secure_transport": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "log_statement": "ddl",
    "log_min_duration_statement": "2000",
}
#: Airflow does not connect before these. The Job that makes the roles need not wait for them: it verifies the server
#: (PGSSLMODE) and libpq speaks TLS 1.2 or later by itself. Nor need Airflow wait for the others.
BEFORE_USE = ("require_secure_transport", "ssl_min_protocol_version")


class Postgres(pulumi.ComponentResource):
    """The server and what belongs to it. `settled` is the last parameter that Airflow waits for."""

    server: postgresql.Server
    settled: pulumi.Resource

    def __init__(
        self,
        name: str,
        stack: Stack,
        network: Network,
        logs: Logs,
        password: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:azure:Postgres", name, None, opts)
        self.server = self._server(stack, network, password)
        logged = logs.take("database", self.server.id, DATABASE, self)
        last: pulumi.Resource = self.server
        self.settled = last
        for parameter, value in PARAMETERS.items():
            # At the same time the server answers ServerIsBusy.
            last = postgresql.Configuration(
                parameter.replace("_", "-"),
                resource_group_name=stack.group,
                server_name=self.server.name,
                configuration_name=parameter,
                source="user-override",
                value=value,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[last], hooks=stack.hooks),
            )
            if parameter in BEFORE_USE:
                self.settled = last
        wanted = stack.cloud.database.deletion_protection
        if not stack.settings.ephemeral if wanted is None else wanted:
            self._lock([last, logged])
        self.register_outputs({})

    def _lock(self, what_it_holds: list[pulumi.Resource]) -> None:
        """Against a deletion by hand, which takes the backups with it."""
        authorization.ManagementLockByScope(
            "database",
            lock_name="database",
            level=authorization.LockLevel.CAN_NOT_DELETE,
            notes="held by Pulumi: cloud.database.deletionProtection",
            scope=self.server.id,
            # It holds what belongs to the server too: in destroy it goes first.
            opts=pulumi.ResourceOptions(parent=self, depends_on=what_it_holds),
        )

    def _server(self, stack: Stack, network: Network, password: pulumi.Output[str]) -> postgresql.Server:
        wanted, sized = stack.cloud.database, stack.settings.sized
        return postgresql.Server(
            "database",
            resource_group_name=stack.group,
            server_name=stack.database_name,
            version=str(wanted.postgres_major),
            sku=postgresql.SkuArgs(
                name=sized.azure.database_class, tier=azure_facts.database_skus()[sized.azure.database_class]
            ),
            administrator_login=wanted.admin_user,
            administrator_login_password=password,
            auth_config=postgresql.AuthConfigArgs(
                password_auth=postgresql.PasswordBasedAuth.ENABLED,
                active_directory_auth=postgresql.MicrosoftEntraAuth.DISABLED,
            ),
            storage=postgresql.StorageArgs(
                storage_size_gb=sized.database.storage_gib, auto_grow=postgresql.StorageAutoGrow.ENABLED
            ),
            backup=_backup(stack),
            availability_zone=stack.cloud.used_zones[0],
            high_availability=_standby(stack),
            network=postgresql.NetworkArgs(
                delegated_subnet_resource_id=network.database_subnet_id,
                private_dns_zone_arm_resource_id=network.zone_ids["postgres"],
                public_network_access=postgresql.ServerPublicNetworkAccessState.DISABLED,
            ),
            maintenance_window=_maintenance(wanted),
            create_mode=_mode(wanted),
            point_in_time_utc=wanted.restore_at,
            source_server_resource_id=stack.restored_from if wanted.restore_at else None,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=stack.keep or None,
                depends_on=network.zone_links["postgres"],
                # A failover swaps the zones, and storage grows by itself.
                ignore_changes=[
                    "availabilityZone",
                    "highAvailability.standbyAvailabilityZone",
                    "storage.storageSizeGB",
                ],
                hooks=stack.hooks,
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="80m", delete="60m"),
            ),
        )


def _mode(wanted: AzureDatabase) -> postgresql.CreateMode:
    """What a write of the server means. `UPDATE` fails where none is there yet, and so makes no empty one."""
    if wanted.restore_at is None:
        return postgresql.CreateMode.DEFAULT
    return postgresql.CreateMode.UPDATE if wanted.restored else postgresql.CreateMode.POINT_IN_TIME_RESTORE


def _maintenance(wanted: AzureDatabase) -> postgresql.MaintenanceWindowArgs:
    return postgresql.MaintenanceWindowArgs(
        custom_window="Enabled",
        day_of_week=WEEK.index(wanted.maintenance_day),
        start_hour=wanted.maintenance_hour,
        start_minute=0,
    )


def _backup(stack: Stack) -> postgresql.BackupArgs:
    wanted = stack.cloud.database
    elsewhere = stack.settings.production if wanted.geo_redundant_backup is None else wanted.geo_redundant_backup
    return postgresql.BackupArgs(
        backup_retention_days=wanted.backup_retention_days,
        geo_redundant_backup=postgresql.GeographicallyRedundantBackup.ENABLED
        if elsewhere
        else postgresql.GeographicallyRedundantBackup.DISABLED,
    )


def _standby(stack: Stack) -> postgresql.HighAvailabilityArgs:
    database, mode = stack.cloud.database, postgresql.PostgreSqlFlexibleServerHighAvailabilityMode
    # Azure restores without a standby, and says nothing of one that was asked for.
    restoring = _mode(database) is postgresql.CreateMode.POINT_IN_TIME_RESTORE
    wanted = stack.settings.production if database.highly_available is None else database.highly_available
    if wanted and not restoring:
        return postgresql.HighAvailabilityArgs(
            mode=mode.ZONE_REDUNDANT, standby_availability_zone=stack.cloud.used_zones[1]
        )
    return postgresql.HighAvailabilityArgs(mode=mode.DISABLED)


def build(
    stack: Stack, network: Network, logs: Logs, password: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> Database:
    """The promise that every cloud makes."""
    made = Postgres("database", stack, network, logs, password, opts)
    return Database(
        host=made.server.fully_qualified_domain_name,
        port=PORT,
        admin_user=stack.cloud.database.admin_user,
        admin_password=password,
        ca_bundle=ROOTS.read_text(),
        peers=(Peer(cidr=network.database_cidr),),
        storage_gib=stack.settings.sized.database.max_storage_gib,
        ready=(made.server,),
        settled=(made.settled,),
    )
