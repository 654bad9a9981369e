"""A simulated Azure: one subscription. A resource's id is its path, and so the same for its successor."""

import base64
import re
from collections.abc import Mapping
from typing import Any

from tests.engine.providers import facts, wire
from tests.engine.providers.cloud import Cloud, Made, digits, marks
from tests.engine.providers.world import RefusedError, Thing

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
ACCOUNT_KEY = "c2ltdWxhdGVkIGtleSBvZiBhIHN0b3JhZ2UgYWNjb3VudA=="

_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"


def _in_group(path: str) -> str:
    return f"{_GROUP}/providers/Microsoft.{path}"


_AKS = "ContainerService/managedClusters/{resourceName}"
_POSTGRESQL = "DBforPostgreSQL/flexibleServers/{serverName}"
_STORAGE = "Storage/storageAccounts/{accountName}"
_PRIVATE_ZONE = "Network/privateDnsZones/{privateZoneName}"
_ZONE = "Network/dnsZones/{zoneName}"
_IDENTITY = "ManagedIdentity/userAssignedIdentities/{resourceName}"
#: Type → its path, whose parts in braces are inputs that cannot change.
PATHS: Mapping[str, str] = {
    "authorization:ManagementLockByScope": "{scope}/providers/Microsoft.Authorization/locks/{lockName}",
    "authorization:RoleAssignment": "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    "authorization:RoleDefinition": "{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}",
    "containerregistry:Registry": _in_group("ContainerRegistry/registries/{registryName}"),
    "containerservice:AgentPool": _in_group(f"{_AKS}/agentPools/{{agentPoolName}}"),
    "containerservice:MaintenanceConfiguration": _in_group(f"{_AKS}/maintenanceConfigurations/{{configName}}"),
    "containerservice:ManagedCluster": _in_group(_AKS),
    "dbforpostgresql:Configuration": _in_group(f"{_POSTGRESQL}/configurations/{{configurationName}}"),
    "dbforpostgresql:Server": _in_group(_POSTGRESQL),
    "dns:RecordSet": _in_group(f"{_ZONE}/{{recordType}}/{{relativeRecordSetName}}"),
    "dns:Zone": _in_group(_ZONE),
    "managedidentity:FederatedIdentityCredential": _in_group(
        f"{_IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}"
    ),
    "managedidentity:UserAssignedIdentity": _in_group(_IDENTITY),
    "monitor:DiagnosticSetting": "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    "network:NatGateway": _in_group("Network/natGateways/{natGatewayName}"),
    "network:NetworkSecurityGroup": _in_group("Network/networkSecurityGroups/{networkSecurityGroupName}"),
    "network:PrivateDnsZoneGroup": _in_group(
        "Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}"
    ),
    "network:PrivateEndpoint": _in_group("Network/privateEndpoints/{privateEndpointName}"),
    "network:PublicIPAddress": _in_group("Network/publicIPAddresses/{publicIpAddressName}"),
    "network:Subnet": _in_group("Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}"),
    "network:VirtualNetwork": _in_group("Network/virtualNetworks/{virtualNetworkName}"),
    "operationalinsights:Workspace": _in_group("OperationalInsights/workspaces/{workspaceName}"),
    "privatedns:PrivateZone": _in_group(_PRIVATE_ZONE),
    "privatedns:VirtualNetworkLink": _in_group(f"{_PRIVATE_ZONE}/virtualNetworkLinks/{{virtualNetworkLinkName}}"),
    "resources:ResourceGroup": _GROUP,
    "storage:BlobContainer": _in_group(f"{_STORAGE}/blobServices/default/containers/{{containerName}}"),
    "storage:BlobServiceProperties": _in_group(f"{_STORAGE}/blobServices/{{blobServicesName}}"),
    "storage:FileServiceProperties": _in_group(f"{_STORAGE}/fileServices/{{fileServicesName}}"),
    "storage:FileShare": _in_group(f"{_STORAGE}/fileServices/default/shares/{{shareName}}"),
    "storage:ManagementPolicy": _in_group(f"{_STORAGE}/managementPolicies/{{managementPolicyName}}"),
    "storage:StorageAccount": _in_group(_STORAGE),
}
#: Names that stand in a public domain: unique among all subscriptions.
GLOBAL = {
    "containerregistry:Registry": "{registryName}.azurecr.io",
    "dbforpostgresql:Server": "{serverName}.postgres.database.azure.com",
    "storage:StorageAccount": "{accountName}.core.windows.net",
}
_PARENTS = {
    name: re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(PATHS[name])))
    for name in ("network:VirtualNetwork", "storage:StorageAccount")
}
_KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: "https://cluster.hcp.westeurope.azmk8s.io:443"}}]
users:
- name: user
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: kubelogin
      args: [get-token, --login, devicecode]
contexts: [{name: cluster, context: {cluster: cluster, user: user}}]
current-context: cluster
"""


class Azure(Cloud):
    package = "azure-native"

    def checked(self, urn: str, news: wire.Values, olds: wire.Values, seed: str) -> wire.Values:
        own = re.findall(r"{(\w+)}", _path(urn))[-1]
        if own in news:
            return news
        return {**news, own: olds.get(own) or f"{wire.name(urn)}{seed[:8]}"}

    def identity(self, urn: str, inputs: Mapping[str, Any]) -> str | None:
        everywhere = GLOBAL.get(wire.token(urn).removeprefix("azure-native:"))
        return (everywhere or _path(urn)).format_map(inputs).lower()

    def make(self, urn: str, inputs: Mapping[str, Any], shown: wire.Values, number: int) -> Made:
        id_ = _path(urn).format_map(inputs)
        computed = _computed(urn, inputs, digits(urn, number, 12))
        outputs = {**computed, **shown, **_answered(shown), "id": id_, "name": id_.rpartition("/")[2]}
        return Made(id_, outputs, marks(id_, computed.get("principalId"), computed.get("clientId")))

    def require(self, urn: str, inputs: Mapping[str, Any]) -> None:
        """A resource group, or what a path stands below, has to be there."""
        path = _path(urn).format_map(inputs)
        token = wire.token(urn)
        group = re.match(r"/subscriptions/[^/]+/resourceGroups/([^/]+)", path)
        if group and token != "azure-native:resources:ResourceGroup" and "dns" not in token:
            self._require("azure-native:resources:ResourceGroup", group[0], "ResourceGroupNotFound")
        for parent, words in (("network:VirtualNetwork", "NotFound"), ("storage:StorageAccount", "ResourceNotFound")):
            above = _PARENTS[parent].match(path)
            if above and above[0] != path:
                self._require(f"azure-native:{parent}", above[0], words)

    def _require(self, token: str, id_: str, words: str) -> None:
        if not any(thing.id == id_ for thing in self.world.of_token(token)):
            raise RefusedError(f"{words}: {id_} could not be found")

    def keeps(self, thing: Thing) -> str:
        """A lock keeps what it is on, and all below it."""
        locks = self.world.of_token("azure-native:authorization:ManagementLockByScope")
        held = any(thing is not lock and thing.id.startswith(str(lock.inputs["scope"])) for lock in locks)
        return f"ScopeLocked: {thing.id} cannot be deleted because of a lock" if held else ""

    def deletes_first(self, token: str, old: wire.Values, new: wire.Values) -> bool:
        return True

    def replaces(self, token: str, path: str, old: wire.Values, new: wire.Values) -> bool:
        fixed = re.findall(r"{(\w+)}", PATHS[token.removeprefix("azure-native:")])
        return path in fixed or facts.replaces(self.package, token, path)

    def answer(self, token: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if token.endswith(":listManagedClusterUserCredentials"):
            value = base64.b64encode(_KUBECONFIG.encode()).decode()
            return {"kubeconfigs": [{"name": "clusterUser", "value": value}]}
        if token.endswith(":listStorageAccountKeys"):
            key = {
                "keyName": "key1",
                "value": ACCOUNT_KEY,
                "permissions": "FULL",
                "creationTime": "2026-01-01T00:00:00Z",
            }
            return {"keys": [key]}
        if token.endswith(":dns:getZone"):
            path = PATHS["dns:Zone"].format_map(arguments)
            return {"id": path, "name": arguments["zoneName"], "nameServers": ["ns1-01.azure-dns.com."]}
        return super().answer(token, arguments)


def _path(urn: str) -> str:
    return PATHS[wire.token(urn).removeprefix("azure-native:")]


def _computed(urn: str, inputs: Mapping[str, Any], hex_: str) -> dict[str, Any]:
    """What Azure itself says of a new resource."""
    ids = [f"{hex_[:8]}-{part}-4000-8000-{hex_}" for part in ("0001", "0002", "0003")]
    token = wire.token(urn).removeprefix("azure-native:")
    if token == "containerservice:ManagedCluster":
        kubelet = {"objectId": ids[0], "clientId": ids[1], "resourceId": f"{_path(urn).format_map(inputs)}-kubelet"}
        return {"identityProfile": {"kubeletidentity": kubelet}, "fqdn": f"{inputs['resourceName']}.hcp.azmk8s.io"}
    computed: Mapping[str, dict[str, Any]] = {
        "containerregistry:Registry": {"loginServer": f"{inputs.get('registryName')}.azurecr.io"},
        "dbforpostgresql:Server": {
            "fullyQualifiedDomainName": f"{inputs.get('serverName')}.postgres.database.azure.com",
            "state": "Ready",
        },
        "dns:Zone": {"nameServers": ["ns1-01.azure-dns.com."]},
        "managedidentity:UserAssignedIdentity": {"principalId": ids[0], "clientId": ids[1], "tenantId": ids[2]},
        "network:PublicIPAddress": {"ipAddress": "203.0.113.8"},
        "operationalinsights:Workspace": {"customerId": ids[0]},
        "storage:StorageAccount": {
            "primaryEndpoints": {
                kind: f"https://{inputs.get('accountName')}.{kind}.core.windows.net/" for kind in ("blob", "file")
            }
        },
    }
    return {"provisioningState": "Succeeded", **computed.get(token, {})}


def _answered(shown: wire.Values) -> wire.Values:
    """What comes back in another shape than it went in, or with more in it."""
    answered: wire.Values = {}
    who = shown.get("identity")
    if isinstance(who, dict) and isinstance(who.get("userAssignedIdentities"), list):  # a list goes in, a mapping comes
        named = {str(id_): {"clientId": "", "principalId": ""} for id_ in who["userAssignedIdentities"]}
        answered["identity"] = {**who, "userAssignedIdentities": named}
    if isinstance(shown.get("oidcIssuerProfile"), dict):
        issuer = "https://westeurope.oic.prod-aks.azure.com/simulated/"
        answered["oidcIssuerProfile"] = {**shown["oidcIssuerProfile"], "issuerURL": issuer}
    return answered
