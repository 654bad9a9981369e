"""Where Azure's own services write what happened: one workspace, kept for as long as the settings say."""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import monitor
from pulumi_azure_native import operationalinsights as insights

from infra.cloud.azure.stack import Stack

#: Who changed what in the cluster, and who was let in. Reading alone (`kube-audit`) is many times as much and left out.
CLUSTER = ("kube-audit-admin", "guard", "cluster-autoscaler")
DATABASE = ("PostgreSQLLogs",)


class Logs(pulumi.ComponentResource):
    """The workspace. It is not protected: what it holds is about the stack, and no part of it."""

    workspace: insights.Workspace

    def __init__(self, name: str, stack: Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:azure:Logs", name, None, opts)
        self.workspace = insights.Workspace(
            "logs",
            resource_group_name=stack.group,
            # A deleted one keeps its name for two weeks, and gives it back in the same region alone.
            workspace_name=stack.names.resource(stack.cloud.region),
            sku=insights.WorkspaceSkuArgs(name=insights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=stack.cloud.cluster.log_retention_days,
            features=insights.WorkspaceFeaturesArgs(disable_local_auth=True),
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def take(
        self, name: str, target: pulumi.Input[str], categories: Sequence[str], parent: pulumi.Resource
    ) -> monitor.DiagnosticSetting:
        """Send these kinds of a resource's logs to the workspace."""
        return monitor.DiagnosticSetting(
            f"{name}-logs",
            name="logs",
            resource_uri=target,
            workspace_id=self.workspace.id,
            log_analytics_destination_type="Dedicated",
            logs=[monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in categories],
            opts=pulumi.ResourceOptions(parent=parent),
        )
