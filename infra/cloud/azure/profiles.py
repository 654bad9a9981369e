"""The parts of an AKS cluster's description. Pure: settings in, arguments out."""

import ipaddress

import pulumi
from pulumi_azure_native import containerservice as aks

from infra.settings.azure import AzureCluster

HOURS = 4  # AKS's least
#: AKS's own names for the windows of its two kinds of upgrade, and how many hours after maintenanceStart each begins:
#: one after the other, so that no node is drained for both at once.
MAINTENANCE = {"aksManagedAutoUpgradeSchedule": 0, "aksManagedNodeOSUpgradeSchedule": HOURS}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def api_server(
    wanted: AzureCluster, nodes_from: pulumi.Input[str] | None
) -> aks.ManagedClusterAPIServerAccessProfileArgs:
    """A public endpoint for named networks and the nodes' own way out, or a private one with a name that AKS keeps.

    AKS takes no 0.0.0.0/0: whoever asks for the world, in so many words, gets an endpoint without a list.
    """
    if wanted.api == "private":
        return aks.ManagedClusterAPIServerAccessProfileArgs(
            enable_private_cluster=True,
            enable_private_cluster_public_fqdn=False,
            private_dns_zone="system",
            disable_run_command=True,
        )
    world = any(ipaddress.IPv4Network(network).prefixlen == 0 for network in wanted.api_allowed_cidrs)
    return aks.ManagedClusterAPIServerAccessProfileArgs(
        enable_private_cluster=False,
        authorized_ip_ranges=None if world else [*wanted.api_allowed_cidrs, *([nodes_from] if nodes_from else [])],
        disable_run_command=True,
    )


def network(wanted: AzureCluster, outbound: str) -> aks.ContainerServiceNetworkProfileArgs:
    """Azure CNI with an overlay for pods, and Cilium, which keeps network policies."""
    return aks.ContainerServiceNetworkProfileArgs(
        network_plugin=aks.NetworkPlugin.AZURE,
        network_plugin_mode=aks.NetworkPluginMode.OVERLAY,
        network_dataplane=aks.NetworkDataplane.CILIUM,
        network_policy=aks.NetworkPolicy.CILIUM,
        load_balancer_sku=aks.LoadBalancerSku.STANDARD,
        outbound_type=outbound,
        pod_cidr=wanted.pod_cidr,
        service_cidr=wanted.service_cidr,
        dns_service_ip=wanted.dns_service_ip or str(ipaddress.IPv4Network(wanted.service_cidr)[10]),
    )


def autoscaler() -> aks.ManagedClusterPropertiesAutoScalerProfileArgs:
    """Zones stay balanced, and a node with a running task is not the one that goes."""
    return aks.ManagedClusterPropertiesAutoScalerProfileArgs(
        balance_similar_node_groups="true",
        expander=aks.Expander.LEAST_WASTE,
        scale_down_unneeded_time="10m",
        skip_nodes_with_system_pods="false",
    )


def upgrades() -> aks.ManagedClusterAutoUpgradeProfileArgs:
    """Patches of the pinned minor version and node images by themselves, in the window; a minor version by a person."""
    return aks.ManagedClusterAutoUpgradeProfileArgs(
        upgrade_channel=aks.UpgradeChannel.PATCH, node_os_upgrade_channel=aks.NodeOSUpgradeChannel.NODE_IMAGE
    )


def maintenance(wanted: AzureCluster, after_hours: int) -> aks.MaintenanceWindowArgs:
    """HOURS once a week."""
    hour, _, minute = wanted.maintenance_start.partition(":")
    later, hour = divmod(int(hour) + after_hours, 24)
    day = DAYS[(DAYS.index(wanted.maintenance_day) + later) % len(DAYS)]
    return aks.MaintenanceWindowArgs(
        duration_hours=HOURS,
        start_time=f"{hour:02}:{minute}",
        utc_offset="+00:00",
        schedule=aks.ScheduleArgs(weekly=aks.WeeklyScheduleArgs(day_of_week=aks.WeekDay(day), interval_weeks=1)),
    )


def security() -> aks.ManagedClusterSecurityProfileArgs:
    """Tokens of service accounts are exchanged for Entra's; images that nobody runs and that are unsafe go."""
    return aks.ManagedClusterSecurityProfileArgs(
        workload_identity=aks.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
        image_cleaner=aks.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=168),
    )


def storage() -> aks.ManagedClusterStorageProfileArgs:
    """Disks and file shares; Blob is read over HTTPS, not mounted."""
    return aks.ManagedClusterStorageProfileArgs(
        disk_csi_driver=aks.ManagedClusterStorageProfileDiskCSIDriverArgs(enabled=True),
        file_csi_driver=aks.ManagedClusterStorageProfileFileCSIDriverArgs(enabled=True),
        blob_csi_driver=aks.ManagedClusterStorageProfileBlobCSIDriverArgs(enabled=False),
        snapshot_controller=aks.ManagedClusterStorageProfileSnapshotControllerArgs(enabled=True),
    )
