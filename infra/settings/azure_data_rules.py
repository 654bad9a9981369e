"""Rules of Azure about the database, the names of hosts, and tags."""

import re
from collections.abc import Iterator

from infra.settings import azure_facts
from infra.settings.azure_rules import azure
from infra.settings.model import Settings
from infra.settings.problems import Problem, nearest

POSTGRES_OFFERED = (13, 14, 15, 16, 17, 18)  # by Flexible Server; Airflow's own list is versions.POSTGRES_KNOWN
LEAST_RETENTION = 7
#: DNS zones take 15 a resource and plain names: learn.microsoft.com, "Use tags to organize your Azure resources"
TAGS = 15
OWN_TAGS = ("project", "stack", "managed-by")


def database_sku(settings: Settings) -> Iterator[Problem]:
    """A SKU that is known; a burstable one has no standby."""
    database, sku = azure(settings).database, settings.sized.azure.database_class
    key, known = "airflow:figures.azure.databaseClass", azure_facts.database_skus()
    if sku not in known:
        near = nearest(sku, known)
        cure = f"did you mean {near}?" if near else "for example Standard_D2ds_v5"
        yield Problem(key, "a SKU of Flexible Server that this program knows", cure, sku)
    elif known[sku] == "Burstable" and (database.highly_available or settings.production):
        yield Problem(key, "no burstable SKU with a standby", "for example Standard_D2ds_v5", sku)


def database_storage(settings: Settings) -> Iterator[Problem]:
    """One of the sizes that the service has; it grows by itself from there."""
    storage = settings.sized.database
    sizes = azure_facts.STORAGE_GIB
    for name, value in (("storageGib", storage.storage_gib), ("maxStorageGib", storage.max_storage_gib)):
        if value not in sizes:
            fitting = next((size for size in sizes if size >= value), sizes[-1])
            rule = f"one of Flexible Server's sizes, {sizes[0]} to {sizes[-1]} GiB"
            yield Problem(f"airflow:figures.database.{name}", rule, f"set {fitting}", value)
    if storage.storage_gib > storage.max_storage_gib:
        key = "airflow:figures.database.storageGib"
        yield Problem(key, "at most maxStorageGib", "put the two in order", storage.storage_gib)


def backup_retention(settings: Settings) -> Iterator[Problem]:
    """Flexible Server's own least is a week, on every tier."""
    days = azure(settings).database.backup_retention_days
    if days < LEAST_RETENTION:
        rule = f"{LEAST_RETENTION} to 35 days: Flexible Server keeps no shorter"
        yield Problem("airflow:cloud.database.backupRetentionDays", rule, f"set {LEAST_RETENTION} or more", days)


def log_retention(settings: Settings) -> Iterator[Problem]:
    """A Log Analytics workspace keeps logs for a month at least."""
    days = azure(settings).cluster.log_retention_days
    if not 30 <= days <= 730:
        rule = "30 to 730 days: a Log Analytics workspace keeps no shorter and no longer"
        yield Problem("airflow:cloud.cluster.logRetentionDays", rule, "set 30 or more, 400 at most", days)


def geo_backup(settings: Settings) -> Iterator[Problem]:
    """Production's backups are in a second region, where the region has a pair."""
    cloud = azure(settings)
    key, asked = "airflow:cloud.database.geoRedundantBackup", cloud.database.geo_redundant_backup
    paired = azure_facts.regions()[cloud.region].geo_backup if cloud.region in azure_facts.regions() else True
    if not paired and (asked or (asked is None and settings.production)):
        yield Problem(key, f"{cloud.region} has no paired region", "set it to false, or choose another region", asked)
    if paired and asked is False and settings.production:
        yield Problem(key, "production's backups are in a second region too", "leave it out or set true", asked)


def restore(settings: Settings) -> Iterator[Problem]:
    """What is restored needs the moment, and keeps it: it is part of the server's name."""
    database = azure(settings).database
    if database.restore_at:
        return
    if database.restore_from or database.restored:
        key = "restoreFrom" if database.restore_from else "restored"
        yield Problem("airflow:cloud.database.restoreAt", f"required with {key}", "name the moment, in UTC")


def dns_zone(settings: Settings) -> Iterator[Problem]:
    """A zone that is there is found by name and resource group."""
    cloud, dns = azure(settings), settings.platform.dns
    if dns.state == "existing" and not cloud.dns_resource_group:
        cure = "`az network dns zone list` names it"
        yield Problem("airflow:cloud.dnsResourceGroup", "required where platform.dns is existing", cure)


def own_names(settings: Settings) -> Iterator[Problem]:
    """Azure's own name for a public address has one label, of this region, for all releases together."""
    cloud = azure(settings)
    hosts = [(index, release.host) for index, release in enumerate(settings.releases) if release.host]
    taken: set[str] = set()
    for index, host in hosts:
        if not host.endswith(".cloudapp.azure.com"):
            continue
        key = f"airflow:releases[{index}].host"
        if not re.fullmatch(r"[a-z][a-z0-9-]{1,61}[a-z0-9]" + re.escape(cloud.own_names), host):
            yield Problem(key, f"LABEL{cloud.own_names}, a label of 3 to 63", "choose such a name", host)
        if settings.platform.dns.state != "off":
            yield Problem(key, "no record for it: Azure itself keeps this name", "set platform.dns to off", host)
        if settings.platform.ingress.state != "on":
            yield Problem(key, "the stack's own ingress takes the name", "set platform.ingress to on", host)
        taken.add(host)
        if len(taken) > 1:
            yield Problem(key, "one such name a stack, since it has one address", "tell releases apart by path", host)


def tags(settings: Settings) -> Iterator[Problem]:
    """Names and values that every resource takes, DNS zones among them; Azure tells no `Owner` from an `owner`."""
    most = TAGS - len(OWN_TAGS)
    if len(settings.tags) > most:
        yield Problem("airflow:tags", f"at most {most}", "remove some", len(settings.tags))
    taken = {name: name for name in OWN_TAGS}
    for name, value in settings.tags.items():
        key = f"airflow:tags.{name}"
        if not re.fullmatch(r"(?!(?i:azure|microsoft|windows))[A-Za-z][\w.-]{0,127}", name, re.ASCII):
            rule = (
                "a tag's name: letters, digits and . _ -, a letter first, and none of Azure's own (azure…, microsoft…)"
            )
            yield Problem(key, rule, "rename it", name)
        if taken.setdefault(name.lower(), name) != name:
            yield Problem(key, f"not {taken[name.lower()]} in other letters: to Azure they are one", "rename it", name)
        if len(value) > 256:
            yield Problem(key, "a tag's value: at most 256 characters", "shorten it", value)


RULES = (
    database_sku,
    database_storage,
    backup_retention,
    log_retention,
    geo_backup,
    restore,
    dns_zone,
    own_names,
    tags,
)
