"""The two node pools: one for Airflow itself and the platform, one for task pods."""

import pulumi
from pulumi_azure_native import containerservice as aks

from infra.cloud.azure.stack import Stack
from infra.names import digest
from infra.settings import azure_facts
from infra.settings.figures import NodePool

SYSTEM_POOL = "system"
TASKS_POOL = "tasks"
POOL_LABEL = "airflow.apache.org/pool"
#: From Kubernetes 1.37 on by default: it answers at an address that the network policies do not know.
WITHOUT_LOCAL_DNS = aks.LocalDNSProfileArgs(mode=aks.LocalDNSMode.DISABLED)


def drains(minutes: int) -> aks.AgentPoolUpgradeSettingsArgs:
    """A node whose tasks have not ended after so long is left cordoned, and the upgrade goes on without it."""
    return aks.AgentPoolUpgradeSettingsArgs(
        max_surge="33%",
        drain_timeout_in_minutes=minutes,
        undrainable_node_behavior=aks.UndrainableNodeBehavior.CORDON,
    )


def disk_type(pool: NodePool) -> aks.OSDiskType:
    """The size's own disk where it is large enough: it costs nothing and is faster."""
    fits = azure_facts.vm_sizes()[pool.instance_type].local_gib >= pool.disk_gib
    return aks.OSDiskType.EPHEMERAL if fits else aks.OSDiskType.MANAGED


def memory_gib(pool: NodePool) -> int:
    """What all its nodes have together at its largest size."""
    return azure_facts.vm_sizes()[pool.instance_type].memory_gib * pool.max


def tasks_pool_name(stack: Stack) -> str:
    """AKS: at most 12 of [a-z0-9].

    What it cannot change in a pool is in the name: a change is a new pool beside the old, not PropertyChangeNotAllowed.
    """
    pool = stack.settings.sized.azure.tasks
    disk = (pool.disk_gib, disk_type(pool).value)
    fixed = (pool.instance_type, *disk, stack.cloud.cluster.max_pods, *stack.cloud.used_zones, on_spot(stack))
    return f"{TASKS_POOL}{digest(*map(str, fixed))}"


def on_spot(stack: Stack) -> bool:
    """Whether task pods run on capacity that Azure may take back."""
    return stack.cloud.tasks_on_spot or stack.settings.sized.azure.tasks.spot


def system_pool(stack: Stack, subnet: pulumi.Input[str]) -> aks.ManagedClusterAgentPoolProfileArgs:
    """Airflow's own parts and the platform run here beside AKS's: nothing else tolerates the taint."""
    pool, wanted = stack.settings.sized.azure.system, stack.cloud.cluster
    return aks.ManagedClusterAgentPoolProfileArgs(
        name=SYSTEM_POOL,
        mode=aks.AgentPoolMode.SYSTEM,
        type=aks.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        vm_size=pool.instance_type,
        count=pool.desired,
        min_count=pool.min,
        max_count=pool.max,
        enable_auto_scaling=True,
        availability_zones=list(stack.cloud.used_zones),
        max_pods=wanted.max_pods,
        node_taints=["CriticalAddonsOnly=true:NoSchedule"],
        orchestrator_version=wanted.nodes_at,
        os_sku=aks.OSSKU.AZURE_LINUX,
        os_type=aks.OSType.LINUX,
        os_disk_size_gb=pool.disk_gib,
        os_disk_type=disk_type(pool),
        local_dns_profile=WITHOUT_LOCAL_DNS,
        enable_node_public_ip=False,
        vnet_subnet_id=subnet,
        upgrade_settings=drains(wanted.drain_minutes),
        tags=stack.tags,
    )


def tasks_pool(
    stack: Stack, subnet: pulumi.Input[str], cluster: aks.ManagedCluster, parent: pulumi.Resource
) -> aks.AgentPool:
    """For task pods alone, from as few nodes as the size says; on spot capacity where the settings ask for it."""
    pool: NodePool = stack.settings.sized.azure.tasks
    wanted, spot = stack.cloud.cluster, on_spot(stack)
    taints = [f"{POOL_LABEL}={TASKS_POOL}:NoSchedule"]
    return aks.AgentPool(
        TASKS_POOL,
        resource_group_name=stack.group,
        resource_name_=cluster.name,
        agent_pool_name=tasks_pool_name(stack),
        mode=aks.AgentPoolMode.USER,
        type=aks.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        vm_size=pool.instance_type,
        count=pool.desired,
        min_count=pool.min,
        max_count=pool.max,
        enable_auto_scaling=True,
        availability_zones=list(stack.cloud.used_zones),
        max_pods=wanted.max_pods,
        # AKS adds spot's own taint itself, and would show a change for ever if it were missing here.
        node_taints=[*taints, "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"] if spot else taints,
        node_labels={POOL_LABEL: TASKS_POOL, **({"kubernetes.azure.com/scalesetpriority": "spot"} if spot else {})},
        scale_set_priority=aks.ScaleSetPriority.SPOT if spot else aks.ScaleSetPriority.REGULAR,
        scale_set_eviction_policy=aks.ScaleSetEvictionPolicy.DELETE if spot else None,
        spot_max_price=-1 if spot else None,
        orchestrator_version=wanted.nodes_at,
        os_sku=aks.OSSKU.AZURE_LINUX,
        os_type=aks.OSType.LINUX,
        os_disk_size_gb=pool.disk_gib,
        os_disk_type=disk_type(pool),
        local_dns_profile=WITHOUT_LOCAL_DNS,
        enable_node_public_ip=False,
        vnet_subnet_id=subnet,
        # Spot nodes are not surged.
        upgrade_settings=None if spot else drains(wanted.drain_minutes),
        tags=stack.tags,
        opts=pulumi.ResourceOptions(
            parent=parent,
            ignore_changes=["count"],  # the autoscaler's
            hooks=stack.hooks,
            custom_timeouts=pulumi.CustomTimeouts(create="30m", update="60m", delete="30m"),
        ),
    )
