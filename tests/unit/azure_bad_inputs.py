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


#: checks.md's number of the bad input, what is set, the key that is named, a word of rule or cure
REFUSED: list[tuple[int, dict[str, Any], str, str]] = [
    (2, {"cloud": {"region": "westeurop"}}, "cloud.region", "did you mean westeurope"),
    (2, {"cloud": {"region": "eu-west-1"}}, "cloud.region", "region of Azure"),
    (2, {"cloud": {"region": "belgiumcentral", "allowNewRegion": True}}, "cloud.zones", "not in the list"),
    (2, {"cloud": {"region": "Belgium Central", "allowNewRegion": True}}, "cloud.region", "short name"),
    (6, network(cidr="10.20.0.1/16"), "cloud.network.cidr", "10.20.0.0/16"),
    (6, network(databaseSubnet="10.20/16/1"), "cloud.network.databaseSubnet", "CIDR"),
    (7, network(cidr="10.20.0.0/26"), "cloud.network.cidr", "/25 or larger"),
    (7, network(cidr="10.20.0.0/25", nodesSubnet="10.20.0.0/28"), "cloud.network.nodesSubnet", "addresses for the"),
    (7, network(endpointsSubnet="10.20.192.0/29"), "cloud.network.endpointsSubnet", "/28 or larger"),
    (7, cluster(podCidr="10.244.0.0/22"), "cloud.cluster.podCidr", "a /24 for each of"),
    (8, network(databaseSubnet="10.20.1.0/24"), "cloud.network.databaseSubnet", "apart from"),
    (8, network(endpointsSubnet="10.21.0.0/24"), "cloud.network.endpointsSubnet", "inside the VNet"),
    (9, cluster(serviceCidr="10.20.64.0/20"), "cloud.cluster.serviceCidr", "outside the networks"),
    (9, cluster(serviceCidr="10.244.8.0/22"), "cloud.cluster.serviceCidr", "outside the networks"),
    (9, cluster(podCidr="10.20.0.0/16"), "cloud.cluster.podCidr", "outside the VNet"),
    (9, cluster(serviceCidr="172.20.0.0/28"), "cloud.cluster.serviceCidr", "/12 to a /27"),
    (9, cluster(serviceCidr="172.30.0.0/16"), "cloud.cluster.serviceCidr", "AKS keeps"),
    (9, cluster(dnsServiceIp="172.20.0.1"), "cloud.cluster.dnsServiceIp", "not its first"),
    (9, cluster(dnsServiceIp="172.21.0.10"), "cloud.cluster.dnsServiceIp", "172.20.0.10"),
    (9, cluster(dnsServiceIp="tenth"), "cloud.cluster.dnsServiceIp", "172.20.0.10"),
    (10, {"cloud": {"zones": ["1"]}}, "cloud.zones", "two or three"),
    (10, {"cloud": {"zones": ["1", "1"]}}, "cloud.zones", "different"),
    (10, {"cloud": {"zones": ["1", "4"]}}, "cloud.zones[1]", "a zone of westeurope"),
    (11, cluster(apiAllowedCidrs=[]), "cloud.cluster.apiAllowedCidrs", "private"),
    (11, cluster(apiAllowedCidrs=["10.8.0.0/16"]), "cloud.cluster.apiAllowedCidrs[0]", "a public network"),
    (11, cluster(apiAllowedCidrs=["0.0.0.0/0"]), "cloud.cluster.apiAllowedCidrs[0]", "allowPublicApi"),
    (12, cluster(api="none"), "cloud.cluster.api", "one of public, private"),
    (13, cluster(kubernetesVersion="1.12"), "cloud.cluster.kubernetesVersion", "one of"),
    (13, cluster(kubernetesVersion="1.34.2"), "cloud.cluster.kubernetesVersion", "minor"),
    (14, system(min=3, desired=2), "figures.azure.system.desired", "min <= desired <= max"),
    (14, system(min=0), "figures.azure.system.min", "1 or more"),
    (14, system(min=-1), "figures.azure.system.min", "0 or more"),
    (14, system(spot=True), "figures.azure.system.spot", "on demand"),
    (15, system(instanceType="Standard_D4_v9"), "figures.azure.system.instanceType", "did you mean"),
    (15, system(instanceType="Standard_D4ps_v5"), "figures.azure.system.instanceType", "arm64"),
    (15, sku("Standard_D4ds_v9"), "figures.azure.databaseClass", "did you mean"),
    (16, database(postgresMajor=13), "cloud.database.postgresMajor", "17"),
    (16, database(postgresMajor=18), "cloud.database.postgresMajor", "17"),
    (17, storage(storageGib=16), "figures.database.storageGib", "set 32"),
    (17, storage(storageGib=100), "figures.database.storageGib", "set 128"),
    (17, storage(maxStorageGib=40000), "figures.database.maxStorageGib", "32767"),
    (17, storage(storageGib=1024, maxStorageGib=512), "figures.database.storageGib", "at most"),
    (18, sku("Standard_B2ms"), "figures.azure.databaseClass", "no burstable"),
    (19, database(adminUser="azure_superuser"), "cloud.database.adminUser", "airflow_admin"),
    (19, database(adminUser="pg_owner"), "cloud.database.adminUser", "keeps for itself"),
    (19, database(adminUser="Airflow"), "cloud.database.adminUser", "lower-case"),
    (21, database(backupRetentionDays=0), "cloud.database.backupRetentionDays", "1 to 35"),
    (21, database(backupRetentionDays=-1), "cloud.database.backupRetentionDays", "1 to 35"),
    (21, database(backupRetentionDays=36), "cloud.database.backupRetentionDays", "1 to 35"),
    (21, database(backupRetentionDays=6), "cloud.database.backupRetentionDays", "7"),
    (22, database(deletionProtection=False), "cloud.database.deletionProtection", "by mistake"),
    (22, database(geoRedundantBackup=False), "cloud.database.geoRedundantBackup", "second region"),
    (22, database(highlyAvailable=False), "cloud.database.highlyAvailable", "standby"),
    (22, {"figures": {"scheduler": {"replicas": 1}}}, "figures.scheduler.replicas", "2 or more"),
]
