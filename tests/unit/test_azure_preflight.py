"""The preflight on Azure, over HTTP against a server that answers as the REST API's reference says."""

import threading
from collections.abc import Iterator
from datetime import date
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.cloud.azure.stack import SERVER, Place
from infra.names import Names
from infra.settings import read
from infra.settings.azure import AzureCloud
from ops.preflight import answer, azure
from ops.preflight.answer import Answer, State
from ops.preflight.azure_client import Arm
from tests.unit.azure_bad_inputs import GUID, STACK
from tests.unit.azure_server import PRINCIPAL, Credential, Handler, NoCredential
from tests.unit.stacks import flat

ROOT = f"/subscriptions/{GUID}"
MEMBER = f"/v1.0/directoryObjects/{PRINCIPAL}/checkMemberGroups"
VERSIONS = f"{ROOT}/providers/Microsoft.ContainerService/locations/westeurope/kubernetesVersions"
ZONE = {
    "dns": {"state": "existing", "zone": "acme.org"},
    "ingress": "on",
    "certificates": {"state": "on", "issuer": "letsencrypt-prod", "email": "data@acme.org"},
}
VALUES = {
    **STACK,
    "platform": ZONE,
    "cloud": {**STACK["cloud"], "dnsResourceGroup": "dns"},
    "releases": [{"name": "main", "host": "airflow.acme.org"}],
}


def place(values: dict[str, Any] | None = None) -> Place:
    settings = read(flat(values or VALUES))
    assert isinstance(settings.cloud, AzureCloud)
    return Place(settings.cloud, settings, Names("airflow", "production"))


def vm(name: str, family: str, zones: list[str]) -> dict[str, Any]:
    location = [{"location": "westeurope", "zones": zones}]
    return {"resourceType": "virtualMachines", "name": name, "family": family, "locationInfo": location}


def kubernetes(version: str, *plans: str) -> dict[str, Any]:
    return {"version": version, "capabilities": {"supportPlan": [*plans]}}


def usage(name: str, used: int, limit: int) -> dict[str, Any]:
    return {"name": {"value": name}, "currentValue": used, "limit": limit}


def world() -> dict[str, Any]:
    """Path → answer, in a subscription where everything is well."""
    compute, network = f"{ROOT}/providers/Microsoft.Compute", f"{ROOT}/providers/Microsoft.Network"
    offer = {
        "zoneRedundantHaSupported": "Enabled",
        "geoBackupSupported": "Enabled",
        "zoneRedundantHaAndGeoBackupSupported": "Enabled",
        "supportedServerEditions": [{"supportedServerSkus": [{"name": "Standard_D2ds_v5"}]}],
        "supportedServerVersions": [{"name": "16"}, {"name": "17"}],
    }
    free = {"nameAvailable": True}
    return {
        MEMBER: {"value": [GUID]},
        ROOT: {"state": "Enabled", "displayName": "data", "tenantId": GUID},
        **{f"{ROOT}/providers/{name}": {"registrationState": "Registered"} for name in azure.PROVIDERS},
        f"{ROOT}/providers/Microsoft.DBforPostgreSQL/locations/westeurope/capabilities": {"value": [offer]},
        VERSIONS: {"values": [kubernetes("1.35", "KubernetesOfficial"), kubernetes("1.31", "AKSLongTermSupport")]},
        f"{ROOT}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/acme.org": {
            "properties": {"nameServers": ["ns1-01.azure-dns.com."]}
        },
        f"{compute}/skus": {"value": [vm("Standard_D2s_v5", "standardDSv5Family", ["1", "2", "3"])]},
        f"{compute}/locations/westeurope/usages": {
            "value": [usage("cores", 4, 100), usage("standardDSv5Family", 4, 100), usage("lowPriorityCores", 0, 100)]
        },
        f"{network}/locations/westeurope/usages": {"value": [usage("StandardSkuPublicIpAddresses", 1, 20)]},
        **{
            f"{ROOT}/providers/{name}/checkNameAvailability": free
            for name in ("Microsoft.Storage", "Microsoft.ContainerRegistry", "Microsoft.DBforPostgreSQL")
        },
    }


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(answer, "today", lambda: date(2026, 11, 30))
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.answers, made.asked = world(), []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


class Here(Arm):
    """Graph and the vaults are on the same small server."""

    def graph(self) -> Arm:
        return self

    def vault(self, host: str) -> Arm:
        assert host == "vault.vault.azure.net"
        return self


def ask(server: Any, file: Path, values: dict[str, Any] | None = None, credential: Any = None) -> dict[str, Answer]:
    own = place(values)
    arm = Here(credential or Credential(), f"http://127.0.0.1:{server.server_port}")
    return {one.question: one for one in azure.ask(own.cloud, own.settings, own.names, file, arm)}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "Pulumi.production.yaml"
    made.write_text("config: {}\n")
    return made


def bad(answers: dict[str, Answer]) -> list[str]:
    return [question for question, one in answers.items() if one.state is State.bad]


def test_all_is_well(server: Any, file: Path) -> None:
    answers = ask(server, file)
    assert {one.state for one in answers.values()} == {State.good}
    assert len(answers) >= 15
    assert {method for method, _, _ in server.asked} == {"GET", "POST"}
    posted = [path for method, path, _ in server.asked if method == "POST"]
    # read-only, all of it
    assert all(path.endswith(("/checkNameAvailability", "/checkMemberGroups")) for path in posted)
    assert len(posted) == 5


@pytest.mark.parametrize(
    ("path", "answered", "question", "words"),
    [
        (ROOT, 404, "subscription", "not seen"),
        (ROOT, {**world()[ROOT], "state": "Disabled"}, "subscription", "Disabled"),
        (ROOT, {**world()[ROOT], "tenantId": "another"}, "tenant", "another"),
        (
            VERSIONS,
            {"values": [kubernetes("1.35", "AKSLongTermSupport"), kubernetes("1.36", "KubernetesOfficial")]},
            "Kubernetes 1.35",
            "not supported, but 1.36",
        ),
        (MEMBER, {"value": []}, "right to work in the cluster", "none of"),
        (f"{ROOT}/providers/Microsoft.Insights", {"registrationState": "NotRegistered"}, "resource providers", "Insig"),
        (
            f"{ROOT}/providers/Microsoft.DBforPostgreSQL/locations/westeurope/capabilities",
            {"value": []},
            "database Standard_D2ds_v5 with PostgreSQL 17",
            "not offered",
        ),
        (
            f"{ROOT}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/acme.org",
            404,
            "public DNS zone acme.org",
            "not there",
        ),
        (
            f"{ROOT}/providers/Microsoft.Compute/skus",
            {"value": [vm("Standard_D2s_v5", "f", ["1"])]},
            "VM size Standard_D2s_v5",
            "not in zones 2, 3",
        ),
        (
            f"{ROOT}/providers/Microsoft.Compute/locations/westeurope/usages",
            {"value": [usage("cores", 95, 100), usage("standardDSv5Family", 0, 100)]},
            "quota of cores",
            "95 in use, 100 allowed",
        ),
        (
            f"{ROOT}/providers/Microsoft.Network/locations/westeurope/usages",
            {"value": [usage("StandardSkuPublicIpAddresses", 19, 20)]},
            "quota of StandardSkuPublicIpAddresses",
            "2 needed, 19 in use",
        ),
        (
            f"{ROOT}/resourceGroups/airflow-production",
            {"tags": {"project": "other"}},
            "resource group airflow-production",
            "something else",
        ),
        (
            f"{ROOT}/providers/Microsoft.DBforPostgreSQL/checkNameAvailability",
            {"nameAvailable": False, "reason": "AlreadyExists", "message": "The name is held by a deleted server"},
            f"flexibleServers {place().database_name}",
            "held by a deleted server",
        ),
    ],
)
@pytest.mark.guarantee(
    "what the region does not offer",
    "a DNS zone that is missing or there twice",
    "a quota that does not suffice",
    "a name that is taken",
)
def test_what_is_not_so_is_said(server: Any, file: Path, path: str, answered: Any, question: str, words: str) -> None:
    server.answers[path] = answered
    answers = ask(server, file)
    assert question in bad(answers)
    assert words in answers[question].found
    assert answers[question].cure


@pytest.mark.guarantee("the wrong account")
def test_in_the_wrong_subscription_nothing_else_is_asked(server: Any, file: Path) -> None:
    server.answers[ROOT] = 404
    assert list(ask(server, file)) == ["subscription"]
    assert len(server.asked) == 1


def test_the_stacks_own_names_are_no_strangers(server: Any, file: Path) -> None:
    own = place()
    server.answers[own.resource_id(SERVER, own.database_name)] = {"tags": own.tags}
    server.answers[f"{ROOT}/resourceGroups/{own.group_name}"] = {"tags": own.tags}
    answers = ask(server, file)
    assert bad(answers) == []
    assert answers[f"flexibleServers {own.database_name}"].found == "made by this stack"


def test_a_missing_right_stops_nobody(server: Any, file: Path) -> None:
    server.answers[f"{ROOT}/providers/Microsoft.Compute/skus"] = 403
    answers = ask(server, file)
    assert bad(answers) == []
    assert answers["VM sizes"].state is State.unknown
    assert "AuthorizationFailed" in answers["VM sizes"].found


def test_without_a_login_it_says_how_to_get_one(server: Any, file: Path) -> None:
    answers = ask(server, file, credential=NoCredential())
    assert bad(answers) == ["subscription"]
    assert "az" in answers["subscription"].cure
    assert "more lines" not in answers["subscription"].found
    server.answers[ROOT] = 401
    assert bad(ask(server, file)) == ["subscription"]


CAPABILITIES = f"{ROOT}/providers/Microsoft.DBforPostgreSQL/locations/westeurope/capabilities"


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("zoneRedundantHaSupported", "a standby in another zone"),
        ("geoBackupSupported", "backups in a second region"),
        ("zoneRedundantHaAndGeoBackupSupported", "a standby and backups elsewhere at once"),
    ],
)
def test_what_the_server_is_to_have_is_asked_for(server: Any, file: Path, key: str, wish: str) -> None:
    server.answers[CAPABILITIES]["value"][0][key] = "Disabled"
    assert bad(ask(server, file)) == [wish]
    modest = {**VALUES["cloud"], "database": {"highlyAvailable": False}}
    assert bad(ask(server, file, {**VALUES, "tier": "integration", "cloud": modest})) == []


def test_the_end_of_support_is_said_90_days_before(server: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "today", lambda: date(2026, 12, 1))
    answers = ask(server, file)
    assert bad(answers) == []
    assert answers["support of Kubernetes 1.35"].state is State.soon


def test_postgresql_past_its_end_is_for_what_stands_alone(server: Any, file: Path) -> None:
    server.answers[CAPABILITIES]["value"][0]["supportedServerVersions"].append({"name": "14"})
    values = {**VALUES, "cloud": {**VALUES["cloud"], "database": {"postgresMajor": 14}}}
    assert bad(ask(server, file, values)) == ["support of PostgreSQL 14"]
    own = place(values)
    server.answers[own.resource_id(SERVER, own.database_name)] = {"tags": own.tags}
    answers = ask(server, file, values)
    assert bad(answers) == []
    assert answers["support of PostgreSQL 14"].state is State.soon


def test_spot_has_a_quota_of_its_own(server: Any, file: Path) -> None:
    cloud = {**VALUES["cloud"], "tasksOnSpot": True}
    assert "quota of lowPriorityCores" in ask(server, file, {**VALUES, "cloud": cloud})
    assert "quota of lowPriorityCores" not in ask(server, file)


@pytest.mark.parametrize("status", [403, 429])
def test_a_subscription_that_may_not_be_read_ends_it(server: Any, file: Path, status: int) -> None:
    server.answers[ROOT] = status
    answers = ask(server, file)
    assert list(answers) == bad(answers) == ["subscription"]
    assert str(status) in answers["subscription"].found
    assert answers["subscription"].cure


def test_who_may_not_ask_graph_is_not_stopped(server: Any, file: Path) -> None:
    server.answers[MEMBER] = 403
    answers = ask(server, file)
    assert bad(answers) == []
    assert answers["right to work in the cluster"].state is State.unknown


NETWORK = f"{ROOT}/resourceGroups/hub/providers/Microsoft.Network"
PURPOSES = {"nodes": "10.9.0.0/24", "database": "10.9.1.0/24", "endpoints": "10.9.2.0/24"}
HUB = {
    "kind": "existing",
    **{f"{name}SubnetId": f"{NETWORK}/virtualNetworks/hub/subnets/{name}" for name in PURPOSES},
    **{f"{name}Cidr": cidr for name, cidr in PURPOSES.items()},
    "postgresZoneId": f"{NETWORK}/privateDnsZones/acme.private.postgres.database.azure.com",
    **{f"{name}ZoneId": f"{NETWORK}/privateDnsZones/privatelink.{name}.core.windows.net" for name in ("blob", "file")},
}


def hub() -> dict[str, Any]:
    """What the hub's owner has made, as Azure tells it."""
    more: dict[str, Any] = {
        "nodes": {"natGateway": {"id": "nat"}},
        "database": {"delegations": [{"properties": {"serviceName": SERVER}}]},
        "endpoints": {},
    }
    subnets = {
        HUB[f"{name}SubnetId"]: {"properties": {"addressPrefix": cidr, **more[name]}} for name, cidr in PURPOSES.items()
    }
    return {**subnets, **{HUB[f"{name}ZoneId"]: {"name": name} for name in ("postgres", "blob", "file")}}


@pytest.mark.parametrize(
    ("key", "answered", "question", "words"),
    [
        ("nodesSubnetId", 404, "subnet of nodes", "not there"),
        ("nodesSubnetId", {"properties": {"addressPrefixes": ["10.9.8.0/24"]}}, "subnet of nodes", "10.9.8.0/24"),
        ("nodesSubnetId", {"properties": {"addressPrefix": "10.9.0.0/24"}}, "natGateway of the nodes' subnet", "not"),
        (
            "databaseSubnetId",
            {"properties": {"addressPrefix": "10.9.1.0/24", "delegations": []}},
            "delegation of the database's subnet",
            "to nobody",
        ),
        ("blobZoneId", 404, "private zone of blob", "not there"),
    ],
)
def test_a_network_of_somebody_else_is_looked_at(
    server: Any, file: Path, key: str, answered: Any, question: str, words: str
) -> None:
    values = {**VALUES, "cloud": {**VALUES["cloud"], "network": HUB}}
    server.answers |= hub()
    assert bad(ask(server, file, values)) == []
    server.answers[HUB[key]] = answered
    answers = ask(server, file, values)
    assert question in bad(answers)
    assert words in answers[question].found
    assert answers[question].cure


@pytest.mark.guarantee("a secrets key out of reach")
def test_the_key_of_the_secrets_is_looked_at(server: Any, file: Path) -> None:
    file.write_text("secretsprovider: azurekeyvault://vault.vault.azure.net/keys/pulumi\n")
    assert bad(ask(server, file)) == ["key of the secrets, keys/pulumi"]  # no such key
    server.answers["/keys/pulumi"] = {"attributes": {"enabled": False}}
    assert bad(ask(server, file)) == ["key of the secrets, keys/pulumi"]
    server.answers["/keys/pulumi"] = {"attributes": {"enabled": True}}
    assert bad(ask(server, file)) == []
