"""What Azure's settings refuse, each with one message that names key, value, rule and cure."""

from ipaddress import IPv4Network
from typing import Any

import pytest

from infra.settings import azure_facts, read
from infra.settings.azure import AzureCloud, NewNetwork
from infra.settings.azure_network import share_out
from infra.settings.base import Size
from infra.settings.figures import Figures
from infra.settings.sizes import TABLE, merge
from tests.unit.azure_bad_inputs import CASES, CLOUD, GUID, REFUSED, STACK, cluster, database, sku
from tests.unit.stacks import flat, problems


def stack(over: dict[str, Any], tier: str = "production") -> dict[str, Any]:
    """The good stack with these parts of it in place of its own."""
    return {**merge(STACK, over), "tier": tier}


def read_cloud(over: dict[str, Any] | None = None) -> AzureCloud:
    cloud = read(flat(stack(over or {}))).cloud
    assert isinstance(cloud, AzureCloud)
    return cloud


def test_a_good_stack_is_read() -> None:
    assert problems(STACK) == {}
    assert read_cloud().used_zones == ("1", "2", "3")


@pytest.mark.parametrize(
    ("over", "key", "words"),
    [pytest.param(*case[1:], id=f"{case[0]}-{case[2]}-{index}") for index, case in enumerate(CASES)],
)
@pytest.mark.guarantee(*REFUSED)
def test_refused_with_one_message(over: dict[str, Any], key: str, words: str) -> None:
    found = problems({**stack(over), "size": "medium"})
    problem = found.pop(f"airflow:{key}")
    assert words in f"{problem.rule} {problem.cure}"
    assert problem.cure
    assert list(found) == []  # one mistake, one message


@pytest.mark.guarantee("a standby that cannot be")
def test_a_standby_wants_more_than_a_burstable_server_on_every_tier() -> None:
    burstable = merge(sku("Standard_B2ms"), database(highlyAvailable=True))
    assert "airflow:figures.azure.databaseClass" in problems(stack(burstable, tier="integration"))
    assert problems(stack(sku("Standard_B2ms"), tier="integration")) == {}


def test_integration_may_do_without_a_standby_and_a_second_region() -> None:
    values = database(highlyAvailable=False, geoRedundantBackup=False, deletionProtection=False)
    assert problems(stack(values, tier="integration")) == {}


@pytest.mark.guarantee("an API server open to the world")
def test_the_world_may_be_let_in_by_name() -> None:
    assert problems(stack(cluster(apiAllowedCidrs=["0.0.0.0/0"], allowPublicApi=True))) == {}
    assert problems(stack(cluster(api="private", apiAllowedCidrs=[]))) == {}


@pytest.mark.guarantee("an unknown region")
def test_a_new_region_brings_its_zones() -> None:
    cloud = {"region": "belgiumcentral", "allowNewRegion": True, "zones": ["1", "2"]}
    assert problems(stack({"cloud": cloud})) == {}


@pytest.mark.guarantee("production without its protection")
def test_a_region_without_a_pair_asks_for_the_decision() -> None:
    key = "airflow:cloud.database.geoRedundantBackup"
    assert list(problems(stack({"cloud": {"region": "polandcentral"}}))) == [key]
    alone = merge({"cloud": {"region": "polandcentral"}}, database(geoRedundantBackup=False))
    assert problems(stack(alone)) == {}


@pytest.mark.parametrize("key", ["subscription", "tenant"])
@pytest.mark.parametrize("value", ["", "my-subscription", GUID.upper(), f"{GUID}0"])
def test_ids_are_guids(key: str, value: str) -> None:
    assert "GUID" in problems(stack({"cloud": {key: value}}))[f"airflow:cloud.{key}"].rule


@pytest.mark.guarantee("a service network that overlaps another")
def test_an_existing_network_is_named_by_ids() -> None:
    group = f"/subscriptions/{GUID}/resourceGroups/net/providers/Microsoft.Network"
    subnet, zones = f"{group}/virtualNetworks/hub/subnets/x", f"{group}/privateDnsZones"
    given: dict[str, Any] = {
        "kind": "existing",
        **{f"{name}SubnetId": subnet for name in ("nodes", "database", "endpoints")},
        "postgresZoneId": f"{zones}/acme.private.postgres.database.azure.com",
        **{f"{name}ZoneId": f"{zones}/privatelink.{name}.core.windows.net" for name in ("blob", "file")},
        "nodesCidr": "10.9.0.0/24",
        "databaseCidr": "10.9.1.0/24",
        "endpointsCidr": "10.9.2.0/24",
    }
    assert problems({**STACK, "cloud": {**CLOUD, "network": given}}) == {}
    wrong = {**given, "nodesSubnetId": "subnet-1"}
    assert list(problems({**STACK, "cloud": {**CLOUD, "network": wrong}})) == ["airflow:cloud.network.nodesSubnetId"]
    for part in ("nodes", "database", "endpoints"):
        inside = {**given, f"{part}Cidr": "172.20.4.0/24"}
        assert list(problems({**STACK, "cloud": {**CLOUD, "network": inside}})) == ["airflow:cloud.cluster.serviceCidr"]
        inside = {**given, f"{part}Cidr": "10.244.4.0/24"}
        assert list(problems({**STACK, "cloud": {**CLOUD, "network": inside}})) == ["airflow:cloud.cluster.podCidr"]
    for purpose in ("postgres", "blob", "file"):
        other = {**given, f"{purpose}ZoneId": f"{zones}/acme.org"}
        assert list(problems({**STACK, "cloud": {**CLOUD, "network": other}})) == [
            f"airflow:cloud.network.{purpose}ZoneId"
        ]


OWN = "airflow-acme.westeurope.cloudapp.azure.com"
SERVED: dict[str, Any] = {
    "ingress": {"state": "on"},
    "certificates": {"state": "on", "email": "data@acme.org", "issuer": "letsencrypt-prod"},
    "dns": {"state": "off"},
}


def served(*hosts: tuple[str, str], platform: dict[str, Any] | None = None) -> dict[str, Any]:
    releases = [{"name": f"r{number}", "host": host, "path": path} for number, (host, path) in enumerate(hosts)]
    return {**STACK, "platform": {**SERVED, **(platform or {})}, "releases": releases}


@pytest.mark.guarantee("a host that is no plain name in the zone")
def test_azures_own_name_serves_without_a_zone() -> None:
    assert problems(served((OWN, "/a"), (OWN, "/b"))) == {}
    for host in ("Airflow.westeurope.cloudapp.azure.com", "airflow.northeurope.cloudapp.azure.com"):
        assert "airflow:releases[0].host" in problems(served((host, "/")))
    second = "other.westeurope.cloudapp.azure.com"
    assert "one address" in problems(served((OWN, "/"), (second, "/")))["airflow:releases[1].host"].rule
    zone = {"dns": {"state": "on", "zone": "acme.org"}}
    assert "airflow:releases[0].host" in problems(served((OWN, "/"), platform=zone))


def test_an_existing_zone_names_its_resource_group() -> None:
    zone = {"dns": {"state": "existing", "zone": "acme.org"}}
    values = served(("airflow.acme.org", "/"), platform=zone)
    assert list(problems(values)) == ["airflow:cloud.dnsResourceGroup"]
    assert problems({**values, "cloud": {**CLOUD, "dnsResourceGroup": "dns"}}) == {}


def test_a_moment_to_restore_is_in_utc() -> None:
    assert problems(stack(database(restoreAt="2026-11-20T09:30:00Z"))) == {}
    for moment in ("yesterday", "2026-11-20", "2026-13-20T09:30:00Z", "2026-11-20T09:30:00+01:00"):
        assert "UTC" in problems(stack(database(restoreAt=moment)))["airflow:cloud.database.restoreAt"].rule
    server = f"/subscriptions/{GUID}/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/s"
    for lone in (database(restoreFrom=server), database(restored=True)):
        assert list(problems(stack(lone))) == ["airflow:cloud.database.restoreAt"]


@pytest.mark.parametrize("days", [14, 731])
def test_logs_are_kept_for_what_a_workspace_keeps(days: int) -> None:
    assert list(problems(stack(cluster(logRetentionDays=days)))) == ["airflow:cloud.cluster.logRetentionDays"]


@pytest.mark.parametrize(
    "tags",
    [
        {"a<b": "x"},
        {"cost center": "x"},
        {"1st": "x"},
        {"azure-team": "x"},
        {"Stack": "x"},
        {"Owner": "x"},
        {"long": "x" * 257},
        {f"t{n}": "x" for n in range(12)},
    ],
)
def test_tags_are_ones_that_azure_takes(tags: dict[str, str]) -> None:
    assert [key.startswith("airflow:tags") for key in problems(stack({"tags": tags}))] == [True]


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.0.0.0/16", "172.31.0.0/20", "192.168.4.0/25"])
@pytest.mark.guarantee("subnets that overlap or lie outside")
def test_a_vnet_is_shared_out_without_overlap(cidr: str) -> None:
    everything = list(share_out(NewNetwork.model_validate({"kind": "new", "cidr": cidr})).named().values())
    assert all(one.subnet_of(IPv4Network(cidr)) and one.prefixlen <= 28 for one in everything)
    assert not [one for one in everything for other in everything if one is not other and one.overlaps(other)]


@pytest.mark.parametrize("size", list(Size))
@pytest.mark.guarantee("an unknown machine size")
def test_each_size_runs_on_sizes_that_exist(size: Size) -> None:
    whole = Figures.model_validate(TABLE[size])
    sizes, figures = azure_facts.vm_sizes(), whole.azure
    assert {sizes[figures.system.instance_type].architecture, sizes[figures.tasks.instance_type].architecture} == {
        "x86_64"
    }
    assert azure_facts.database_skus()[figures.database_class] == "GeneralPurpose"
    assert {whole.database.storage_gib, whole.database.max_storage_gib} <= set(azure_facts.STORAGE_GIB)


def test_vm_sizes_are_what_their_names_say() -> None:
    sizes = azure_facts.vm_sizes()
    assert sizes["Standard_D4s_v5"] == azure_facts.VmSize("x86_64", 4, 16)
    assert sizes["Standard_E8ads_v5"] == azure_facts.VmSize("x86_64", 8, 64)
    assert {size.architecture for name, size in sizes.items() if "ps_v" in name or "pds_v" in name} == {"arm64"}
