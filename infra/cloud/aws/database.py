"""RDS for PostgreSQL: TLS only, encrypted, backed up, and reached from the nodes alone."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.admission import from_the_nodes
from infra.cloud.aws.keys import Keys
from infra.cloud.aws.logs import log_group
from infra.cloud.aws.network import Network
from infra.cloud.aws.policies import trust
from infra.cloud.aws.roots import root_of
from infra.cloud.aws.stack import Stack
from infra.contracts import Database, Peer
from infra.settings.aws import AwsDatabase

PORT = 5432
CERTIFICATE = "rds-ca-rsa2048-g1"  # the authority whose root `rds_roots.pem` holds; valid until 2061
LOGS = ("postgresql", "upgrade")

#: Beside TLS: what changed the schema and what was slow stands in the log. Tasks' own data never passes through here.
PARAMETERS = {
    "rds.force_ssl": "1",
    "ssl_min_protocol_version": "TLSv1.2",
    "log_statement": "ddl",
    "log_min_duration_statement": "2000",
}


class Postgres(pulumi.ComponentResource):
    """The instance and what belongs to it."""

    instance: aws.rds.Instance
    admitted: aws.vpc.SecurityGroupIngressRule

    def __init__(
        self,
        name: str,
        stack: Stack,
        network: Network,
        keys: Keys,
        password: pulumi.Output[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:Postgres", name, None, opts)
        group, self.admitted = from_the_nodes("database", "PostgreSQL", PORT, stack, network, self)
        subnets = aws.rds.SubnetGroup(
            "database",
            description="Subnets without a route out",
            subnet_ids=network.database_subnet_ids,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Named by Pulumi: a major upgrade makes the new family's group first and drops the old one last.
        parameters = aws.rds.ParameterGroup(
            "database",
            family=f"postgres{stack.cloud.database.postgres_major}",
            description="TLS only",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=key, value=value) for key, value in PARAMETERS.items()
            ],
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.instance = self._instance(stack, keys, password, group, subnets, parameters)
        self.register_outputs({})

    def _monitoring(self, stack: Stack) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        role = aws.iam.Role(
            "database-monitoring",
            name=stack.role_name("database-monitoring"),
            assume_role_policy=trust("monitoring.rds.amazonaws.com"),
            permissions_boundary=stack.cloud.permissions_boundary,
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        may = aws.iam.RolePolicyAttachment(
            "database-monitoring",
            role=role.name,
            policy_arn=stack.managed_policy("service-role/AmazonRDSEnhancedMonitoringRole"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role, may

    def _instance(
        self,
        stack: Stack,
        keys: Keys,
        password: pulumi.Output[str],
        group: aws.ec2.SecurityGroup,
        subnets: aws.rds.SubnetGroup,
        parameters: aws.rds.ParameterGroup,
    ) -> aws.rds.Instance:
        wanted, sized = stack.cloud.database, stack.settings.sized
        role, may = self._monitoring(stack)
        # RDS would make them itself, without an end to what they keep.
        logs = [log_group(stack, f"database-{log}", stack.database_logs(log), keys, self) for log in LOGS]
        given = aws.rds.InstanceArgs(
            identifier=stack.database_name,
            engine="postgres",
            engine_version=_version(wanted),
            engine_lifecycle_support="open-source-rds-extended-support-disabled",  # dearer than the instance itself
            instance_class=sized.aws.database_class,
            # A restored instance is as large as its snapshot was.
            allocated_storage=None if wanted.restore_from_snapshot else sized.database.storage_gib,
            max_allocated_storage=sized.database.max_storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            # A restored instance keeps its snapshot's key; to name another here would make it anew at each `up`.
            kms_key_id=None if wanted.restore_from_snapshot else keys.data.arn,
            username=wanted.admin_user,
            password=password,
            port=PORT,
            publicly_accessible=False,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            parameter_group_name=parameters.name,
            ca_cert_identifier=CERTIFICATE,
            iam_database_authentication_enabled=False,  # roles have passwords: one door less
            tags=stack.tags,
        )
        _keep_safe(given, stack, group)
        _watch(given, keys, role)
        return aws.rds.Instance(
            "database",
            given,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=stack.keep or None,
                depends_on=[may, *logs],
                hooks=stack.hooks,
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="80m", delete="60m"),
            ),
        )


def _version(wanted: AwsDatabase) -> str | None:
    """None keeps a snapshot's: a newer minor version than RDS's own choice would be asked to go back, and refuse."""
    if wanted.postgres_version:
        return wanted.postgres_version
    return None if wanted.restore_from_snapshot else str(wanted.postgres_major)


def _keep_safe(given: aws.rds.InstanceArgs, stack: Stack, group: aws.ec2.SecurityGroup) -> None:
    """A standby, backups, a last snapshot and a lock, as far as the settings and the tier want them; upgrades."""
    wanted, lasting = stack.cloud.database, not stack.settings.ephemeral
    given.multi_az = stack.settings.production if wanted.highly_available is None else wanted.highly_available
    given.auto_minor_version_upgrade = wanted.postgres_version is None  # or each `up` would ask RDS to go back
    given.apply_immediately = wanted.apply_immediately
    given.allow_major_version_upgrade = True  # the plan shows it, and docs/aws.md leads through it
    given.maintenance_window = wanted.maintenance_window
    given.backup_window = wanted.backup_window
    given.backup_retention_period = wanted.backup_retention_days
    given.copy_tags_to_snapshot = True
    given.delete_automated_backups = not lasting
    given.deletion_protection = lasting if wanted.deletion_protection is None else wanted.deletion_protection
    given.skip_final_snapshot = not stack.leaves_snapshot
    given.snapshot_identifier = wanted.restore_from_snapshot
    if stack.leaves_snapshot:
        # A snapshot outlives the stack, so that a second life of it needs another name: the group's id is random.
        given.final_snapshot_identifier = group.id.apply(lambda text: f"{stack.database_name}-{text}")


def _watch(given: aws.rds.InstanceArgs, keys: Keys, role: aws.iam.Role) -> None:
    """Performance Insights for the seven days that cost nothing, the machine's figures each minute, and the logs."""
    given.performance_insights_enabled = True
    given.performance_insights_kms_key_id = keys.data.arn
    given.performance_insights_retention_period = 7
    given.monitoring_interval = 60
    given.monitoring_role_arn = role.arn
    given.enabled_cloudwatch_logs_exports = [*LOGS]


def build(
    stack: Stack, network: Network, keys: Keys, password: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> Database:
    """The promise that every cloud makes."""
    made = Postgres("database", stack, network, keys, password, opts)
    own = stack.cloud.database.ca_file
    return Database(
        host=made.instance.address,
        port=PORT,
        admin_user=stack.cloud.database.admin_user,
        admin_password=password,
        ca_bundle=Path(own).expanduser().read_text() if own else root_of(stack.cloud.region),
        peers=tuple(Peer(cidr=cidr) for cidr in network.database_cidrs),
        storage_gib=stack.settings.sized.database.max_storage_gib,
        ready=(made.instance, made.admitted),
    )
