"""A good stack on Azure, and the table of what its settings refuse."""

from typing import Any

GUID = "8d3f1c52-0b7e-4f7c-9a43-6a5f0e1d2c3b"
CLUSTER: dict[str, Any] = {"admins": [GUID], "apiAllowedCidrs": ["203.0.113.0/24"]}
CLOUD: dict[str, Any] = {
    "kind": "azure",
    "subscription": GUID,
    "tenant": GUID,
    "region": "westeurope",
    "cluster": CLUSTER,
}
STACK: dict[str, Any] = {
    "tier": "production",
    "cloud": CLOUD,
    "tags": {"owner": "data"},
    "platform": {"ingress": "off", "certificates": "off"},
    "releases": [],
}


def system(**pool: Any) -> dict[str, Any]:
    return {"figures": {"azure": {"system": pool}}}


def cluster(**values: Any) -> dict[str, Any]:
    return {"cloud": {"cluster": values}}


def network(**values: Any) -> dict[str, Any]:
    return {"cloud": {"network": {"kind": "new", **values}}}


def database(**values: Any) -> dict[str, Any]:
    return {"cloud": {"database": values}}


def sku(name: str) -> dict[str, Any]:
    return {"figures": {"azure": {"databaseClass": name}}}


def storage(**figures: int) -> dict[str, Any]:
    return {"figures": {"database": figures}}


#: guarantee → what is set, the key that is named, a word of rule or cure
REFUSED: dict[str, list[tuple[dict[str, Any], str, str]]] = {
    "an unknown region": [
        ({"cloud": {"region": "westeurop"}}, "cloud.region", "did you mean westeurope"),
        ({"cloud": {"region": "eu-west-1"}}, "cloud.region", "region of Azure"),
        ({"cloud": {"region": "belgiumcentral", "allowNewRegion": True}}, "cloud.zones", "not in the list"),
        ({"cloud": {"region": "Belgium Central", "allowNewRegion": True}}, "cloud.region", "short name"),
    ],
    "a malformed network": [
        (network(cidr="10.20.0.1/16"), "cloud.network.cidr", "10.20.0.0/16"),
        (network(databaseSubnet="10.20/16/1"), "cloud.network.databaseSubnet", "CIDR"),
    ],
    "a network of the wrong size": [
        (network(cidr="10.20.0.0/26"), "cloud.network.cidr", "/25 or larger"),
        (network(cidr="10.20.0.0/25", nodesSubnet="10.20.0.0/28"), "cloud.network.nodesSubnet", "addresses for the"),
        (network(endpointsSubnet="10.20.192.0/29"), "cloud.network.endpointsSubnet", "/28 or larger"),
        (cluster(podCidr="10.244.0.0/22"), "cloud.cluster.podCidr", "a /24 for each of"),
    ],
    "subnets that overlap or lie outside": [
        (network(databaseSubnet="10.20.1.0/24"), "cloud.network.databaseSubnet", "apart from"),
        (network(endpointsSubnet="10.21.0.0/24"), "cloud.network.endpointsSubnet", "inside the VNet"),
    ],
    "a service network that overlaps another": [
        (cluster(serviceCidr="10.20.64.0/20"), "cloud.cluster.serviceCidr", "outside the networks"),
        (cluster(serviceCidr="10.244.8.0/22"), "cloud.cluster.serviceCidr", "outside the networks"),
        (cluster(podCidr="10.20.0.0/16"), "cloud.cluster.podCidr", "outside the VNet"),
        (cluster(serviceCidr="172.20.0.0/28"), "cloud.cluster.serviceCidr", "/12 to a /27"),
        (cluster(serviceCidr="172.30.0.0/16"), "cloud.cluster.serviceCidr", "AKS keeps"),
        (cluster(dnsServiceIp="172.20.0.1"), "cloud.cluster.dnsServiceIp", "not its first"),
        (cluster(dnsServiceIp="172.21.0.10"), "cloud.cluster.dnsServiceIp", "172.20.0.10"),
        (cluster(dnsServiceIp="tenth"), "cloud.cluster.dnsServiceIp", "172.20.0.10"),
    ],
    "fewer than two zones": [
        ({"cloud": {"zones": ["1"]}}, "cloud.zones", "two or three"),
        ({"cloud": {"zones": ["1", "1"]}}, "cloud.zones", "different"),
        ({"cloud": {"zones": ["1", "4"]}}, "cloud.zones[1]", "a zone of westeurope"),
    ],
    "an API server open to the world": [
        (cluster(apiAllowedCidrs=[]), "cloud.cluster.apiAllowedCidrs", "private"),
        (cluster(apiAllowedCidrs=["10.8.0.0/16"]), "cloud.cluster.apiAllowedCidrs[0]", "a public network"),
        (cluster(apiAllowedCidrs=["0.0.0.0/0"]), "cloud.cluster.apiAllowedCidrs[0]", "allowPublicApi"),
    ],
    "an API server without an endpoint": [
        (cluster(api="none"), "cloud.cluster.api", "one of public, private"),
    ],
    "an unknown Kubernetes version": [
        (cluster(kubernetesVersion="1.12"), "cloud.cluster.kubernetesVersion", "one of"),
        (cluster(kubernetesVersion="1.34.2"), "cloud.cluster.kubernetesVersion", "minor"),
        (cluster(kubernetesVersion="1.33"), "cloud.cluster.kubernetesVersion", "1.37"),  # long-term support alone
        (cluster(nodesVersion="1.36"), "cloud.cluster.nodesVersion", "behind"),
    ],
    "node counts that do not fit": [
        (system(min=3, desired=2), "figures.azure.system.desired", "min <= desired <= max"),
        (system(min=0), "figures.azure.system.min", "1 or more"),
        (system(min=-1), "figures.azure.system.min", "0 or more"),
        (system(spot=True), "figures.azure.system.spot", "on demand"),
    ],
    "an unknown machine size": [
        (system(instanceType="Standard_D4_v9"), "figures.azure.system.instanceType", "did you mean"),
        (system(instanceType="Standard_D4ps_v5"), "figures.azure.system.instanceType", "arm64"),
        (sku("Standard_D4ds_v9"), "figures.azure.databaseClass", "did you mean"),
    ],
    "a PostgreSQL version that is not offered": [
        (database(postgresMajor=13), "cloud.database.postgresMajor", "17"),
        (database(postgresMajor=18), "cloud.database.postgresMajor", "17"),
    ],
    "a database volume that the service refuses": [
        (storage(storageGib=16), "figures.database.storageGib", "set 32"),
        (storage(storageGib=100), "figures.database.storageGib", "set 128"),
        (storage(maxStorageGib=40000), "figures.database.maxStorageGib", "32767"),
        (storage(storageGib=1024, maxStorageGib=512), "figures.database.storageGib", "at most"),
    ],
    "a standby that cannot be": [
        (sku("Standard_B2ms"), "figures.azure.databaseClass", "no burstable"),
    ],
    "a reserved name of the database administrator": [
        (database(adminUser="azure_superuser"), "cloud.database.adminUser", "airflow_admin"),
        (database(adminUser="pg_owner"), "cloud.database.adminUser", "keeps for itself"),
        (database(adminUser="Airflow"), "cloud.database.adminUser", "lower-case"),
    ],
    "backups kept too short or too long": [
        (database(backupRetentionDays=0), "cloud.database.backupRetentionDays", "1 to 35"),
        (database(backupRetentionDays=-1), "cloud.database.backupRetentionDays", "1 to 35"),
        (database(backupRetentionDays=36), "cloud.database.backupRetentionDays", "1 to 35"),
        (database(backupRetentionDays=6), "cloud.database.backupRetentionDays", "7"),
    ],
    "production without its protection": [
        (database(deletionProtection=False), "cloud.database.deletionProtection", "by mistake"),
        (database(geoRedundantBackup=False), "cloud.database.geoRedundantBackup", "second region"),
        (database(highlyAvailable=False), "cloud.database.highlyAvailable", "standby"),
        ({"figures": {"scheduler": {"replicas": 1}}}, "figures.scheduler.replicas", "2 or more"),
    ],
}
CASES = [(name, *case) for name, cases in REFUSED.items() for case in cases]
