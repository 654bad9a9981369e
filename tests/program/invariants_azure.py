"""What must hold in every Azure plan (docs/guarantees.md, "Never true").

Each function takes a plan and returns what breaks its rule, as readable lines.
`tests/program/invariants.py` has those of every cloud.
"""

import uuid
from collections.abc import Iterator

import pytest

from infra.cloud.azure import identity
from infra.preview.model import Plan
from infra.settings import azure_facts
from tests.program.reading import expected, production, value

ARM = "azure-native:"
CLUSTER = f"{ARM}containerservice:ManagedCluster"
POOL = f"{ARM}containerservice:AgentPool"
SERVER = f"{ARM}dbforpostgresql:Server"
PARAMETER = f"{ARM}dbforpostgresql:Configuration"
ACCOUNT = f"{ARM}storage:StorageAccount"
SHARE = f"{ARM}storage:FileShare"
FILE_SERVICE = f"{ARM}storage:FileServiceProperties"
SECURITY_GROUP = f"{ARM}network:NetworkSecurityGroup"
LINK = f"{ARM}privatedns:VirtualNetworkLink"
SUBNET = f"{ARM}network:Subnet"
REGISTRY = f"{ARM}containerregistry:Registry"
DEFINITION = f"{ARM}authorization:RoleDefinition"
ASSIGNMENT = f"{ARM}authorization:RoleAssignment"
CREDENTIAL = f"{ARM}managedidentity:FederatedIdentityCredential"
GROUP = f"{ARM}resources:ResourceGroup"
KEPT = (SERVER, ACCOUNT, SHARE, f"{ARM}dns:Zone", GROUP)
#: Types of ours that Azure cannot tag; every other one carries the stack's tags.
UNTAGGED = frozenset(
    ARM + name
    for name in (
        "authorization:ManagementLockByScope",
        "authorization:RoleAssignment",
        "authorization:RoleDefinition",
        "containerservice:MaintenanceConfiguration",
        "dbforpostgresql:Configuration",
        "dns:RecordSet",
        "managedidentity:FederatedIdentityCredential",
        "monitor:DiagnosticSetting",
        "network:PrivateDnsZoneGroup",
        "network:Subnet",
        "storage:BlobContainer",
        "storage:BlobServiceProperties",
        "storage:FileServiceProperties",
        "storage:FileShare",
        "storage:ManagementPolicy",
    )
)
#: Role → who may have it: nothing here makes anybody an owner or a contributor of the whole.
ROLES = {
    identity.ACR_PULL: "ServicePrincipal",
    identity.AKS_CLUSTER_ADMIN: "Group",
    identity.BLOB_DATA_CONTRIBUTOR: "ServicePrincipal",
    identity.DNS_ZONE_CONTRIBUTOR: "ServicePrincipal",
    identity.NETWORK_CONTRIBUTOR: "ServicePrincipal",
}


def data_is_protected(plan: Plan) -> Iterator[str]:
    """In production what holds data is protected; elsewhere nothing blocks a destroy."""
    for resource in plan.of_type(*KEPT):
        if resource.options.protect != production(plan):
            yield f"{resource.urn}: protect is {resource.options.protect}"


def database_is_safe(plan: Plan) -> Iterator[str]:
    """Private by subnet and zone, with a standby in another zone and a second region's backups in production."""
    for server in plan.of_type(SERVER):
        yield from expected(
            server,
            {
                "network.publicNetworkAccess": "Disabled",
                **({"highAvailability.mode": "ZoneRedundant"} if production(plan) else {}),
                **({"backup.geoRedundantBackup": "Enabled"} if production(plan) and _paired(plan) else {}),
                "storage.autoGrow": "Enabled",
                "administratorLoginPassword": {"$secret": True},
            },
        )
        for path in ("network.delegatedSubnetResourceId", "network.privateDnsZoneArmResourceId"):
            if not value(server, path):
                yield f"{server.urn}: without {path}"
        if value(server, "backup.backupRetentionDays") < 7:
            yield f"{server.urn}: backups of {value(server, 'backup.backupRetentionDays')} days"
        standby = value(server, "highAvailability.standbyAvailabilityZone")
        if standby == server.inputs["availabilityZone"]:
            yield f"{server.urn}: the standby is in the same zone, {standby}"
        if not {"availabilityZone", "highAvailability.standbyAvailabilityZone"} <= set(server.options.ignore_changes):
            yield f"{server.urn}: a failover would show as a change"
        if not all(link.urn in plan.reach(server.urn) for link in plan.of_type(LINK) if link.name == "postgres"):
            yield f"{server.urn}: does not wait for its private zone's link"
    for rule in plan.of_type(f"{ARM}dbforpostgresql:FirewallRule"):
        yield f"{rule.urn}: a firewall rule"


def _paired(plan: Plan) -> bool:
    (provider,) = plan.of_type("pulumi:providers:azure-native")
    return azure_facts.regions()[provider.inputs["location"]].geo_backup


def parameters_are_chained(plan: Plan) -> Iterator[str]:
    """TLS is required in version 1.2 or later, and the parameters are written one after another."""
    parameters = {one.inputs["configurationName"]: one for one in plan.of_type(PARAMETER)}
    wanted = {"require_secure_transport": "on", "ssl_min_protocol_version": "TLSv1.2"}
    for name, good in wanted.items():
        if name not in parameters or parameters[name].inputs["value"] != good:
            yield f"{name} is not {good}"
    urns = {one.urn for one in parameters.values()}
    before = sorted(len(plan.reach(urn) & urns) for urn in urns)
    if before != list(range(len(urns))):
        yield f"parameters before each: {before}"


def groups_admit_nodes_alone(plan: Plan) -> Iterator[str]:
    """5432, 443 and 445 from the nodes (or within PostgreSQL's subnet); the world has 80 and 443; none for SSH."""
    cidrs = {one.name: one.inputs["addressPrefix"] for one in plan.of_type(SUBNET)}
    groups = {one.name: one for one in plan.of_type(SECURITY_GROUP)}
    for name, group in groups.items():
        own = (cidrs["database"], {"5432", "6432"}) if name == "database" else None
        for rule in group.inputs["securityRules"]:
            if rule["access"] != "Allow" or rule["direction"] != "Inbound":
                continue
            ports, source = set(rule["destinationPortRanges"]), rule["sourceAddressPrefix"]
            world = name == "nodes" and source == "Internet" and ports <= {"80", "443"}
            nodes = source == cidrs["nodes"] and ports <= {"5432", "443", "445"}
            if not (world or nodes or (own and source == own[0] and ports == own[1])):
                yield f"{group.urn}: {rule['name']} admits {source} to {sorted(ports)}"
        if name != "nodes" and not any(rule["access"] == "Deny" for rule in group.inputs["securityRules"]):
            yield f"{group.urn}: lets the whole VNet in"
    for subnet in plan.of_type(SUBNET):
        if subnet.name not in groups or groups[subnet.name].urn not in subnet.depends_on:
            yield f"{subnet.urn}: without its security group"


def cluster_is_closed(plan: Plan) -> Iterator[str]:
    """Entra and Azure RBAC alone, workload identity, network policy, a closed API, no run-command."""
    for cluster in plan.of_type(CLUSTER):
        yield from expected(
            cluster,
            {
                "disableLocalAccounts": True,
                "enableRBAC": True,
                "aadProfile.managed": True,
                "aadProfile.enableAzureRBAC": True,
                "oidcIssuerProfile.enabled": True,
                "securityProfile.workloadIdentity.enabled": True,
                "identity.type": "UserAssigned",
                "networkProfile.networkPlugin": "azure",
                "networkProfile.networkPluginMode": "overlay",
                "networkProfile.networkPolicy": "cilium",
                "apiServerAccessProfile.disableRunCommand": True,
                "storageProfile.fileCSIDriver.enabled": True,
                "sku.tier": "Standard" if production(plan) else "Free",
            },
        )
        allowed = value(cluster, "apiServerAccessProfile.authorizedIPRanges") or []
        private = value(cluster, "apiServerAccessProfile.enablePrivateCluster")
        if not private and (not allowed or "0.0.0.0/0" in allowed):
            yield f"{cluster.urn}: public to {allowed}"
        (pool,) = cluster.inputs["agentPoolProfiles"]
        if "CriticalAddonsOnly=true:NoSchedule" not in pool["nodeTaints"] or pool["enableNodePublicIP"]:
            yield f"{cluster.urn}: its system pool is open"
        if len(pool["availabilityZones"]) < 2:
            yield f"{cluster.urn}: in one zone"
    for pool in plan.of_type(POOL):
        if not pool.inputs.get("nodeTaints") or pool.inputs["enableNodePublicIP"]:
            yield f"{pool.urn}: not tainted, or with public addresses"


def registry_is_closed(plan: Plan) -> Iterator[str]:
    """Nobody pulls without a name, nodes pull by the one right of their identity, and there is no pull secret."""
    for registry in plan.of_type(REGISTRY):
        yield from expected(
            registry,
            {
                "adminUserEnabled": False,
                "anonymousPullEnabled": False,
                "zoneRedundancy": "Enabled" if production(plan) else "Disabled",
            },
        )
        pulls = [one for one in plan.of_type(ASSIGNMENT) if one.inputs["roleDefinitionId"].endswith(identity.ACR_PULL)]
        if len(pulls) != 1 or not {registry.urn, *(one.urn for one in plan.of_type(CLUSTER))} <= set(
            pulls[0].depends_on
        ):
            yield f"{registry.urn}: pulled by {[one.urn for one in pulls]}"
    for secret in plan.of_type("kubernetes:core/v1:Secret"):
        if secret.inputs.get("type") == "kubernetes.io/dockerconfigjson":
            yield f"{secret.urn}: a pull secret beside the own registry"


def storage_is_closed(plan: Plan) -> Iterator[str]:
    """TLS 1.2, HTTPS alone, nothing public; a key for SMB only; an end to what logs are kept;
    shares with snapshots and a way back."""
    for account in plan.of_type(ACCOUNT):
        yield from expected(
            account,
            {
                "minimumTlsVersion": "TLS1_2",
                "enableHttpsTrafficOnly": True,
                "allowBlobPublicAccess": False,
                "publicNetworkAccess": "Disabled",
                "networkRuleSet.defaultAction": "Deny",
                "allowSharedKeyAccess": account.name == "files",
            },
        )
        beside = {one.type.rpartition(":")[2] for one in plan.children(account.parent)}
        needed = {"PrivateEndpoint", "PrivateDnsZoneGroup"}
        needed |= (
            {"FileServiceProperties"} if account.name == "files" else {"ManagementPolicy", "BlobServiceProperties"}
        )
        if not needed <= beside:
            yield f"{account.urn}: without {needed - beside}"
    for service in plan.of_type(FILE_SERVICE):
        yield from expected(service, {"shareDeleteRetentionPolicy.enabled": True})
        if not [one for one in plan.of_type("kubernetes:batch/v1:CronJob") if one.name == "share-snapshots"]:
            yield f"{service.urn}: shares without snapshots"


def roles_are_narrow(plan: Plan) -> Iterator[str]:
    """Roles of the list or small ones of our own, typed principals, GUID names; an identity each."""
    own = {role.inputs["roleDefinitionId"]: "ServicePrincipal" for role in plan.of_type(DEFINITION)}
    for role in plan.of_type(DEFINITION):
        for permission in role.inputs["permissions"]:
            if permission.keys() != {"actions"} or any("*" in action for action in permission["actions"]):
                yield f"{role.urn}: permits {permission}"
    names = [one.inputs["roleAssignmentName"] for one in plan.of_type(ASSIGNMENT)]
    if len(set(names)) != len(names):
        yield f"names of role assignments twice: {names}"
    for assignment in plan.of_type(ASSIGNMENT):
        role = assignment.inputs["roleDefinitionId"].rpartition("/")[2]
        if {**ROLES, **own}.get(role) != assignment.inputs.get("principalType"):
            yield f"{assignment.urn}: role {role} for a {assignment.inputs.get('principalType')}"
        if str(uuid.UUID(assignment.inputs["roleAssignmentName"])) != assignment.inputs["roleAssignmentName"]:
            yield f"{assignment.urn}: no GUID"
        scope = assignment.inputs["scope"]  # a resource that is made or found, never the subscription or a group
        if scope != {"$unknown": True} and "/providers/" not in scope:
            yield f"{assignment.urn}: on {scope}"
    credentials = plan.of_type(CREDENTIAL)
    subjects = [one.inputs["subject"] for one in credentials]
    if len(set(subjects)) != len(subjects):
        yield f"a service account twice: {subjects}"
    urns = {one.urn for one in credentials}
    if sorted(len(plan.reach(urn) & urns) for urn in urns) != list(range(len(urns))):
        yield "federated credentials are written at the same time"


def everything_is_tagged(plan: Plan) -> Iterator[str]:
    """Whatever Azure can tag carries the owner's and the stack's tags."""
    for resource in plan:
        if not resource.type.startswith(ARM):
            continue
        tags = resource.inputs.get("tags", {})
        tagged = tags.get("stack") == plan.stack and bool(tags.get("owner"))
        if tagged == (resource.type in UNTAGGED):
            yield f"{resource.urn}: tags {tags}"


def the_subscription_is_the_expected_one(plan: Plan) -> Iterator[str]:
    """Every resource is made by our provider, which is signed in to one subscription of one tenant."""
    (provider,) = plan.of_type("pulumi:providers:azure-native")
    if not provider.inputs.get("subscriptionId") or not provider.inputs.get("tenantId"):
        yield f"{provider.urn}: {dict(provider.inputs)}"
    for resource in plan:
        if resource.type.startswith(ARM) and resource.provider != provider.urn:
            yield f"{resource.urn}: by {resource.provider}"


#: Each by its name in docs/guarantees.md.
ON_AZURE = {
    "data is protected on Azure": data_is_protected,
    "the database is safe on Azure": database_is_safe,
    "the database's parameters are chained on Azure": parameters_are_chained,
    "security groups admit nodes alone on Azure": groups_admit_nodes_alone,
    "the cluster is closed on Azure": cluster_is_closed,
    "the registry is closed on Azure": registry_is_closed,
    "storage is closed on Azure": storage_is_closed,
    "roles are narrow on Azure": roles_are_narrow,
    "everything is tagged on Azure": everything_is_tagged,
    "the subscription is the expected one on Azure": the_subscription_is_the_expected_one,
}
AZURE_PLANS = pytest.mark.guarantee(*ON_AZURE)


def broken(plan: Plan) -> list[str]:
    """Every line that every invariant of Azure has to say of a plan."""
    return [f"{name}: {line}" for name, rule in ON_AZURE.items() for line in rule(plan)]
