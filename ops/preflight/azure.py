"""Azure, asked read-only: is it the subscription, is there room, is what the stack needs offered and free?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from infra.cloud.azure.stack import SERVER, Place
from infra.names import Names
from infra.settings import Settings
from infra.settings.azure import AzureCloud
from infra.versions import KUBERNETES_ENDS, POSTGRES_ENDS
from ops.preflight.answer import Answer, State, answer, until
from ops.preflight.azure_client import Arm, Question, asked
from ops.preflight.azure_names import names_taken
from ops.preflight.azure_network import existing
from ops.preflight.azure_quotas import quotas

#: Resource providers that a new subscription has not registered yet.
PROVIDERS = (
    "Microsoft.Compute",
    "Microsoft.ContainerRegistry",
    "Microsoft.ContainerService",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.Insights",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
)


def ask(cloud: AzureCloud, settings: Settings, names: Names, file: Path, arm: Arm | None = None) -> Iterator[Answer]:
    """Every question about this stack. In the wrong subscription nothing else is asked."""
    place, client = Place(cloud, settings, names), arm or Arm()
    identity = [_decided(one) for one in asked("subscription", lambda: _subscription(place, client))]
    yield from identity
    if any(one.state is not State.good for one in identity):
        return
    questions: list[Question] = [
        ("right to work in the cluster", lambda: _member(place, client)),
        ("resource providers", lambda: _providers(place, client)),
        ("Kubernetes", lambda: _kubernetes(place, client)),
        ("database", lambda: _database(place, client)),
        ("DNS zone", lambda: _dns(place, client)),
        ("secrets provider", lambda: _secrets_provider(client, file)),
        *existing(place, client),
        *quotas(place, client),
        *names_taken(place, client),
    ]
    for question, look in questions:
        yield from asked(question, look)


def _decided(given: Answer) -> Answer:
    """Without the subscription nothing else can be asked, and an `up` could not begin either."""
    cure = "`az login` as somebody who may read it, or ask again later"
    return replace(given, state=State.bad, cure=cure) if given.state is State.unknown else given


def _member(place: Place, arm: Arm) -> Iterator[Answer]:
    """AKS lets in members of its administrators' groups alone, groups within groups included."""
    admins = list(place.cloud.cluster.admins)
    path = f"/v1.0/directoryObjects/{arm.principal()}/checkMemberGroups"
    found = arm.graph().post(path, None, {"groupIds": admins})["value"]
    cure = "join a group of cloud.cluster.admins, or add one of yours"
    member = f"a member of {', '.join(found)}" if found else "a member of none of cloud.cluster.admins"
    yield answer("right to work in the cluster", bool(found), member, cure)


def _subscription(place: Place, arm: Arm) -> Iterator[Answer]:
    wanted = place.cloud
    found = arm.find(f"/subscriptions/{wanted.subscription}", "2022-12-01")
    if found is None:
        yield answer("subscription", False, f"{wanted.subscription} is not seen", "`az login`, or mend the setting")
        return
    yield answer("subscription", found["state"] == "Enabled", f"{found['displayName']}, {found['state']}", "enable it")
    cure = "mend cloud.tenant, and `az login --tenant` with it"
    yield answer("tenant", found["tenantId"] == wanted.tenant, found["tenantId"], cure)


def _providers(place: Place, arm: Arm) -> Iterator[Answer]:
    base = f"/subscriptions/{place.cloud.subscription}/providers"
    states = {name: arm.get(f"{base}/{name}", "2021-04-01")["registrationState"] for name in PROVIDERS}
    missing = sorted(name for name, state in states.items() if state != "Registered")
    found = f"not registered: {', '.join(missing)}" if missing else f"{len(states)} registered"
    cure = "; ".join(f"`az provider register --namespace {name}`" for name in missing)
    yield answer("resource providers", not missing, found, cure)


def _kubernetes(place: Place, arm: Arm) -> Iterator[Answer]:
    """The version is one that AKS supports in the region, and not for the price of its long-term support alone."""
    wanted, path = place.cloud.cluster.kubernetes_version, "providers/Microsoft.ContainerService/locations"
    base = f"/subscriptions/{place.cloud.subscription}/{path}/{place.cloud.region}/kubernetesVersions"
    listed = arm.get(base, "2024-09-01")["values"]
    offered = [one["version"] for one in listed if "KubernetesOfficial" in one["capabilities"]["supportPlan"]]
    found = "supported" if wanted in offered else f"not supported, but {', '.join(sorted(offered))}"
    yield answer(f"Kubernetes {wanted}", wanted in offered, found, "mend cloud.cluster.kubernetesVersion")
    # AKS tells no dates; its own end comes a few weeks after the project's.
    yield until(f"support of Kubernetes {wanted}", KUBERNETES_ENDS[wanted], "raise cloud.cluster.kubernetesVersion")


def _database(place: Place, arm: Arm) -> Iterator[Answer]:
    """What Flexible Server offers this subscription in the region."""
    wanted, sku = place.cloud.database, place.settings.sized.azure.database_class
    path = f"/subscriptions/{place.cloud.subscription}/providers/Microsoft.DBforPostgreSQL"
    offers: list[dict[str, Any]] = arm.get(f"{path}/locations/{place.cloud.region}/capabilities", "2024-08-01")["value"]
    skus = {one["name"] for offer in offers for edition in offer["supportedServerEditions"] for one in _skus(edition)}
    versions = {one["name"] for offer in offers for one in offer["supportedServerVersions"]}
    what = f"database {sku} with PostgreSQL {wanted.postgres_major}"
    good = sku.lower() in {one.lower() for one in skus} and str(wanted.postgres_major) in versions
    found = "offered" if good else f"not offered in {place.cloud.region} to this subscription"
    yield answer(what, good, found, "choose another databaseClass or region, or ask Azure's support for it")
    yield until(
        f"support of PostgreSQL {wanted.postgres_major}",
        POSTGRES_ENDS[wanted.postgres_major],
        "raise cloud.database.postgresMajor (docs/azure.md, Upgrades)",
        standing=arm.find(place.resource_id(SERVER, place.database_name), "2024-08-01") is not None,
    )
    for wish, key in _wishes(place):
        there = any(offer.get(key) == "Enabled" for offer in offers)
        yield answer(wish, there, "offered" if there else "not offered", "choose another region")


def _wishes(place: Place) -> Iterator[tuple[str, str]]:
    """What the server is to have beside itself, and the service's word for whether the region has it."""
    wanted, production = place.cloud.database, place.settings.production
    standby = production if wanted.highly_available is None else wanted.highly_available
    copies = production if wanted.geo_redundant_backup is None else wanted.geo_redundant_backup
    if standby:
        yield "a standby in another zone", "zoneRedundantHaSupported"
    if copies:
        yield "backups in a second region", "geoBackupSupported"
    if standby and copies:
        yield "a standby and backups elsewhere at once", "zoneRedundantHaAndGeoBackupSupported"


def _skus(edition: dict[str, Any]) -> list[dict[str, Any]]:
    return edition.get("supportedServerSkus") or []


def _dns(place: Place, arm: Arm) -> Iterator[Answer]:
    wanted = place.settings.platform.dns
    if wanted.state != "existing" or wanted.zone is None:
        return
    group = f"/subscriptions/{place.cloud.subscription}/resourceGroups/{place.cloud.dns_resource_group}"
    zone = arm.find(f"{group}/providers/Microsoft.Network/dnsZones/{wanted.zone}", "2018-05-01")
    found = f"name servers {', '.join(zone['properties']['nameServers'])}" if zone else "not there"
    cure = "make it, mend cloud.dnsResourceGroup, or set platform.dns.state to on"
    yield answer(f"public DNS zone {wanted.zone}", zone is not None, found, cure)


def _secrets_provider(arm: Arm, file: Path) -> Iterator[Answer]:
    stack_file: dict[str, Any] = yaml.safe_load(file.read_text()) or {}
    given = str(stack_file.get("secretsprovider", ""))
    if not given.startswith("azurekeyvault://"):
        return
    host, _, key = given.removeprefix("azurekeyvault://").partition("/")
    there = arm.vault(host).find(f"/{key}", "7.4")
    enabled = there is not None and there["attributes"]["enabled"]
    state = "not there" if there is None else "enabled" if enabled else "disabled"
    yield answer(f"key of the secrets, {key}", enabled, state, "make or enable the key, or choose another")
