"""Daily snapshots of the file shares, by a CronJob that asks Resource Manager for them.

Azure's own schedule wants a Recovery Services vault: it locks the account, and for two weeks after its last item nobody
can delete it, so that no `destroy` would end. A snapshot is a part of its share: it goes with it, and comes back with
one that is undeleted.
"""

from pathlib import Path

import pulumi
from pulumi_azure_native import authorization, storage
from pulumi_kubernetes import batch, core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra import versions, wait_for
from infra.cloud.azure.identity import Grant
from infra.cloud.azure.stack import Stack
from infra.contracts import Cluster, Identity, IdentityRequest
from infra.namespaces import ANYWHERE, Allow, Namespace

NAME = "share-snapshots"
KEPT_DAYS = 14
SCHEDULE = "23 2 * * *"  # UTC
SCRIPT = "snapshot_shares.py"
RESOURCE_MANAGER = "management.azure.com"
FOLDER = "/opt/scripts"
SHARES = "Microsoft.Storage/storageAccounts/fileServices/shares"
#: `delete` is what a snapshot goes by; a share itself, which it would take too, can be undeleted for as long.
ACTIONS = ("read", "write", "delete")
USER = 50000  # `airflow` in its image, which carries Microsoft's clients


class Snapshots(pulumi.ComponentResource):
    """The job, in a namespace without the account's key, and the identity that may do this and no more."""

    job: batch.v1.CronJob

    def __init__(
        self,
        name: str,
        stack: Stack,
        cluster: Cluster,
        identity: Identity,
        account: storage.StorageAccount,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:azure:Snapshots", name, None, opts)
        home = Namespace(
            NAME,
            namespace=stack.names.resource(NAME),
            labels=stack.names.labels(NAME),
            allow={"azure": Allow("egress", (ANYWHERE,), (443,))},  # Entra and Resource Manager have no fixed ones
            ready=cluster.ready,
            opts=pulumi.ResourceOptions(parent=self, providers={"kubernetes": cluster.provider}),
        )
        grant = Grant(stack.guid(NAME), self._scope(stack, account), "daily snapshots of the shares")
        request = IdentityRequest(NAME, home.namespace, NAME, (grant,))
        who = identity.bind(request, pulumi.ResourceOptions(parent=self))
        child = pulumi.ResourceOptions(parent=self, provider=cluster.provider, depends_on=[home])
        labels = stack.names.labels(NAME)
        account_made = core.v1.ServiceAccount(
            NAME,
            metadata=ObjectMetaArgs(
                name=NAME, namespace=home.namespace, labels=labels, annotations=dict(who.annotations)
            ),
            automount_service_account_token=False,
            opts=child,
        )
        text = Path(__file__).with_name("scripts").joinpath(SCRIPT).read_text()
        script = core.v1.ConfigMap(
            NAME, metadata=ObjectMetaArgs(namespace=home.namespace, labels=labels), data={SCRIPT: text}, opts=child
        )
        self.job = batch.v1.CronJob(
            NAME,
            metadata=ObjectMetaArgs(name=NAME, namespace=home.namespace, labels=labels),
            spec=_schedule(_pod(stack, cluster, script), {**labels, **who.pod_labels}),
            opts=pulumi.ResourceOptions(
                parent=self, provider=cluster.provider, depends_on=[home, *who.associate(account_made)]
            ),
        )
        self.register_outputs({})

    def _scope(self, stack: Stack, account: storage.StorageAccount) -> pulumi.Output[str]:
        """The account, known once there is a role to give on it: none of Azure's own is as small."""
        group = pulumi.Output.concat("/subscriptions/", stack.cloud.subscription, "/resourceGroups/", stack.group)
        role = authorization.RoleDefinition(
            NAME,
            role_definition_id=stack.guid(NAME),
            role_name=f"{stack.names.resource(NAME)} {stack.world}",  # unique in the tenant
            role_type="CustomRole",
            description="Takes snapshots of file shares, and deletes old ones",
            permissions=[authorization.PermissionArgs(actions=[f"{SHARES}/{verb}" for verb in ACTIONS])],
            assignable_scopes=[group],
            scope=group,
            opts=pulumi.ResourceOptions(parent=self, provider=stack.provider),
        )
        return pulumi.Output.all(account.id, role.id).apply(lambda known: str(known[0]))


def _schedule(pod: core.v1.PodSpecArgs, labels: dict[str, str]) -> batch.v1.CronJobSpecArgs:
    return batch.v1.CronJobSpecArgs(
        schedule=SCHEDULE,
        time_zone="Etc/UTC",
        concurrency_policy="Forbid",
        starting_deadline_seconds=6 * 3600,
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=2,
        job_template=batch.v1.JobTemplateSpecArgs(
            spec=batch.v1.JobSpecArgs(
                backoff_limit=3,
                active_deadline_seconds=3600,
                template=core.v1.PodTemplateSpecArgs(metadata=ObjectMetaArgs(labels=labels), spec=pod),
            )
        ),
    )


def _pod(stack: Stack, cluster: Cluster, script: core.v1.ConfigMap) -> core.v1.PodSpecArgs:
    pool, account = cluster.system, stack.resource_id("Microsoft.Storage/storageAccounts", stack.files_account_name)
    return core.v1.PodSpecArgs(
        restart_policy="Never",
        service_account_name=NAME,
        automount_service_account_token=False,  # the workload identity's token is mounted by its own webhook
        enable_service_links=False,
        node_selector=dict(pool.selector),
        tolerations=[
            core.v1.TolerationArgs(key=taint.key, operator="Equal", value=taint.value, effect=taint.effect)
            for taint in pool.tolerations
        ],
        security_context=core.v1.PodSecurityContextArgs(
            run_as_user=USER,
            run_as_group=0,
            fs_group=0,
            run_as_non_root=True,
            seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[_container(account)],
        volumes=[
            core.v1.VolumeArgs(name="scripts", config_map=core.v1.ConfigMapVolumeSourceArgs(name=script.metadata.name))
        ],
    )


def _container(account: str) -> core.v1.ContainerArgs:
    return core.v1.ContainerArgs(
        name="snapshots",
        image=f"{versions.AIRFLOW_IMAGE}:{versions.AIRFLOW_IMAGE_TAG}@{versions.AIRFLOW_IMAGE_DIGEST}",
        args=wait_for.command([(RESOURCE_MANAGER, 443)], ["python", f"{FOLDER}/{SCRIPT}", account, str(KEPT_DAYS)]),
        volume_mounts=[core.v1.VolumeMountArgs(name="scripts", mount_path=FOLDER, read_only=True)],
        security_context=core.v1.SecurityContextArgs(
            allow_privilege_escalation=False, capabilities=core.v1.CapabilitiesArgs(drop=["ALL"])
        ),
        termination_message_policy="FallbackToLogsOnError",
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": "50m", "memory": "256Mi"}, limits={"cpu": "500m", "memory": "256Mi"}
        ),
    )
