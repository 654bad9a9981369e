"""AKS: Entra and Azure RBAC alone, workload identity, a system pool for Airflow itself and one for its tasks."""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_azure_native import authorization, managedidentity
from pulumi_azure_native import containerservice as aks

from infra.cloud.azure import identity, pools, profiles
from infra.cloud.azure.hooks import login_binding
from infra.cloud.azure.identity import Grant, assign
from infra.cloud.azure.kubeconfig import rewritten
from infra.cloud.azure.logs import CLUSTER, Logs
from infra.cloud.azure.network import Network
from infra.cloud.azure.stack import Stack
from infra.contracts import Cluster, LoadBalancer, NodePool, Peer, Toleration

TASKS = Toleration(pools.POOL_LABEL, pools.TASKS_POOL)
SPOT = Toleration("kubernetes.azure.com/scalesetpriority", "spot")
SYSTEM = Toleration("CriticalAddonsOnly", "true")
LABEL = "kubernetes.azure.com/agentpool"


class Aks(pulumi.ComponentResource):
    """The cluster, its pools, who administers it, and the provider that works on it."""

    cluster: aks.ManagedCluster
    provider: kubernetes.Provider
    block_storage: kubernetes.storage.v1.StorageClass

    def __init__(
        self, name: str, stack: Stack, network: Network, logs: Logs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("airflow:azure:Aks", name, None, opts)
        self.cluster = self._cluster(stack, network)
        logs.take("cluster", self.cluster.id, CLUSTER, self)
        tasks = pools.tasks_pool(stack, network.nodes_subnet_id, self.cluster, self)
        admins = [
            assign(
                f"cluster-admin-{group}",
                stack,
                Grant(identity.AKS_CLUSTER_ADMIN, self.cluster.id, "administrators of the cluster"),
                group,
                self,
                kind=authorization.PrincipalType.GROUP,
            )
            for group in stack.cloud.cluster.admins
        ]
        for config, after_hours in profiles.MAINTENANCE.items():
            aks.MaintenanceConfiguration(
                config,
                resource_group_name=stack.group,
                resource_name_=self.cluster.name,
                config_name=config,
                maintenance_window=profiles.maintenance(stack.cloud.cluster, after_hours),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[tasks], hooks=stack.hooks),
            )
        self.provider = self._connection(stack, [*admins, tasks])
        self.block_storage = self._block_storage(stack)
        self.register_outputs({})

    def _own_identity(self, stack: Stack, network: Network) -> tuple[pulumi.Output[str], pulumi.Resource]:
        """Whom the control plane acts as: it joins nodes and load balancers to the subnet, and may do nothing else."""
        made = managedidentity.UserAssignedIdentity(
            "cluster",
            resource_group_name=stack.group,
            resource_name_=stack.names.resource("cluster", limit=120),
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        grant = Grant(identity.NETWORK_CONTRIBUTOR, network.nodes_subnet_id, "the cluster joins nodes to its subnet")
        return made.id, assign("cluster-network", stack, grant, made.principal_id, self)

    def _cluster(self, stack: Stack, network: Network) -> aks.ManagedCluster:
        wanted = stack.cloud.cluster
        own_identity, joins = self._own_identity(stack, network)
        return aks.ManagedCluster(
            "cluster",
            resource_group_name=stack.group,
            resource_name_=stack.cluster_name,
            node_resource_group=stack.names.resource("nodes", limit=80),
            # What AKS keeps there is changed by AKS alone: a hand's change is what its next upgrade stops at.
            node_resource_group_profile=aks.ManagedClusterNodeResourceGroupProfileArgs(
                restriction_level=aks.RestrictionLevel.READ_ONLY
            ),
            dns_prefix=stack.names.resource(limit=54),
            kubernetes_version=wanted.kubernetes_version,
            sku=aks.ManagedClusterSKUArgs(
                name=aks.ManagedClusterSKUName.BASE,
                tier=aks.ManagedClusterSKUTier.STANDARD
                if stack.settings.production
                else aks.ManagedClusterSKUTier.FREE,
            ),
            identity=aks.ManagedClusterIdentityArgs(
                type=aks.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[own_identity]
            ),
            aad_profile=aks.ManagedClusterAADProfileArgs(
                managed=True, enable_azure_rbac=True, tenant_id=stack.cloud.tenant
            ),
            enable_rbac=True,
            disable_local_accounts=True,
            api_server_access_profile=profiles.api_server(wanted, network.outbound_cidr),
            network_profile=profiles.network(wanted, network.outbound),
            agent_pool_profiles=[pools.system_pool(stack, network.nodes_subnet_id)],
            auto_scaler_profile=profiles.autoscaler(),
            auto_upgrade_profile=profiles.upgrades(),
            oidc_issuer_profile=aks.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
            security_profile=profiles.security(),
            storage_profile=profiles.storage(),
            tags=stack.tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[joins],
                # AKS counts its own nodes, and moves patches inside the pinned minor version.
                # A standing pool keeps the kind of disk that it began with: AKS cannot change it.
                ignore_changes=["agentPoolProfiles[0].count", "agentPoolProfiles[0].osDiskType"],
                hooks=stack.hooks,
                custom_timeouts=pulumi.CustomTimeouts(create="45m", update="120m", delete="45m"),
            ),
        )

    def _connection(self, stack: Stack, after: list[pulumi.Resource]) -> kubernetes.Provider:
        given = aks.list_managed_cluster_user_credentials_output(
            resource_group_name=stack.group,
            resource_name=self.cluster.name,
            format="exec",
            opts=pulumi.InvokeOutputOptions(parent=self, provider=stack.provider),
        )
        kubeconfig = given.apply(
            lambda found: rewritten(found.kubeconfigs[0].value, stack.cloud.cluster.login, stack.cloud.tenant)
        )
        return kubernetes.Provider(
            "cluster",
            kubeconfig=pulumi.Output.secret(kubeconfig),
            # A kubeconfig is computed anew in each run; without an identifier a changed one would replace every object.
            cluster_identifier=f"{stack.cloud.subscription}/{stack.group_name}/{stack.cluster_name}",
            enable_server_side_apply=True,
            # In destroy the objects go while there are nodes and a login that may.
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _block_storage(self, stack: Stack) -> kubernetes.storage.v1.StorageClass:
        """The first object in the cluster: its hook waits until the administrators' role is known to the API."""
        return kubernetes.storage.v1.StorageClass(
            "block",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name="airflow-block", labels=stack.names.labels("block-storage")
            ),
            provisioner="disk.csi.azure.com",
            parameters={"skuName": "StandardSSD_ZRS"},  # a pod may come back in another zone
            reclaim_policy="Delete",
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            opts=pulumi.ResourceOptions(parent=self, provider=self.provider, hooks=login_binding()),
        )


def build(stack: Stack, network: Network, logs: Logs, opts: pulumi.ResourceOptions) -> tuple[Cluster, Aks]:
    """The promise that every cloud makes, and the cluster for the parts of this folder that need it."""
    made = Aks("cluster", stack, network, logs, opts)
    spot, sized = (SPOT,) if pools.on_spot(stack) else (), stack.settings.sized.azure
    return (
        Cluster(
            name=stack.cluster_name,
            provider=made.provider,
            kubernetes_version=stack.cloud.cluster.kubernetes_version,
            kubeconfig_command=(
                f"az aks get-credentials --subscription {stack.cloud.subscription} --resource-group {stack.group_name}"
                f" --name {stack.cluster_name} && kubelogin convert-kubeconfig --login {stack.cloud.cluster.login}"
            ),
            system=NodePool({LABEL: pools.SYSTEM_POOL}, (SYSTEM,), pools.memory_gib(sized.system)),
            tasks=NodePool({pools.POOL_LABEL: pools.TASKS_POOL}, (TASKS, *spot), pools.memory_gib(sized.tasks)),
            load_balancer=_load_balancer(stack),
            # Beyond the cluster's own network the API has an address of Azure's, which is no fixed one.
            api_server=(Peer(cidr="0.0.0.0/0", ports=(443,)),),
            block_storage_class="airflow-block",
            waits_for_tasks=True,
            ready=(made.block_storage,),
        ),
        made,
    )


def _load_balancer(stack: Stack) -> LoadBalancer:
    prefix = "service.beta.kubernetes.io/azure-"
    if stack.settings.platform.ingress.controller == "nginx":
        annotations = {f"{prefix}load-balancer-health-probe-request-path": "/healthz"}
    else:  # Traefik answers 404 on a path that no Ingress has, which Azure takes for dead
        annotations = {f"{prefix}load-balancer-health-probe-protocol": "tcp"}
    own = {host for release in stack.settings.releases if (host := release.host or "").endswith(stack.cloud.own_names)}
    if own:
        annotations[f"{prefix}dns-label-name"] = own.pop().removesuffix(stack.cloud.own_names)
    return LoadBalancer("LoadBalancer", annotations, address="ip")
