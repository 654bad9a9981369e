"""Rules of `platform` that see more than one field: what can't work together, or can't work at this tier."""

from collections.abc import Iterator
from pathlib import Path

from infra.settings import bot
from infra.settings.base import Tier
from infra.settings.existing import ExistingCloud
from infra.settings.model import Settings
from infra.settings.problems import Problem, nearest

PART = "airflow:platform"
CHARTS = ("ingress-nginx", "traefik", "cert-manager", "kube-prometheus-stack", "keda")


def issuer_of(settings: Settings) -> str | None:
    """The issuer that the stack uses: what is asked for, else its own CA on a local tier and staging elsewhere."""
    certificates = settings.platform.certificates
    if certificates.state == "off":
        return None
    if certificates.state == "existing":
        return certificates.existing_issuer
    return certificates.issuer or ("own-ca" if settings.tier is Tier.local else "letsencrypt-staging")


def hosts_of(settings: Settings) -> tuple[str, ...]:
    """The hosts of all releases, each once, sorted."""
    return tuple(sorted({release.host for release in settings.releases if release.host}))


def hosts_in_the_zone(settings: Settings) -> Iterator[Problem]:
    """A record outside the zone can't be made."""
    dns = settings.platform.dns
    if dns.state == "off" or not dns.zone:
        return
    for index, release in enumerate(settings.releases):
        if release.host and release.host != dns.zone and not release.host.endswith(f".{dns.zone}"):
            key = f"airflow:releases[{index}].host"
            yield Problem(key, f"a host inside the zone {dns.zone}", f"for example airflow.{dns.zone}", release.host)


def an_existing_class_has_a_name(settings: Settings) -> Iterator[Problem]:
    """Nobody can guess it."""
    ingress = settings.platform.ingress
    if ingress.state == "existing" and ingress.class_name is None:
        yield Problem(f"{PART}.ingress.className", "required with state existing", "name the IngressClass")


def hosts_need_an_ingress(settings: Settings) -> Iterator[Problem]:
    """Nothing serves a host without an ingress, and nothing secures it without an issuer."""
    platform = settings.platform
    for index, release in enumerate(settings.releases):
        if not release.host:
            continue
        key = f"airflow:releases[{index}].host"
        if platform.ingress.state == "off":
            yield Problem(
                key, "a host is served by an ingress", "set platform.ingress, or leave out the host", release.host
            )
        elif platform.certificates.state == "off":
            yield Problem(
                f"{PART}.certificates.state", "hosts are served over TLS, which needs an issuer", "set it to on", "off"
            )


def acme_email(settings: Settings) -> Iterator[Problem]:
    """Let's Encrypt wants somebody to write to; the address's form is the field's own rule."""
    certificates = settings.platform.certificates
    if certificates.state == "on" and asks_lets_encrypt(settings) and not certificates.email:
        yield Problem(f"{PART}.certificates.email", "required by Let's Encrypt", "give an address that the team reads")


def production_acme(settings: Settings) -> Iterator[Problem]:
    """A stack that comes and goes would use up the week's certificates of its hosts."""
    if (
        settings.ephemeral
        and settings.platform.certificates.state == "on"
        and issuer_of(settings) == "letsencrypt-prod"
    ):
        yield Problem(
            f"{PART}.certificates.issuer",
            "an ephemeral stack never asks production's Let's Encrypt (5 duplicate certificates a week)",
            "use letsencrypt-staging",
            "letsencrypt-prod",
        )


def issuer_can_work(settings: Settings) -> Iterator[Problem]:
    """An existing issuer has a name; a challenge has what it is answered with."""
    platform, key = settings.platform, f"{PART}.certificates"
    certificates = platform.certificates
    if certificates.state == "existing" and not certificates.existing_issuer:
        yield Problem(f"{key}.existingIssuer", "required with state existing", "name the ClusterIssuer")
    if certificates.state != "on" or not asks_lets_encrypt(settings):
        return
    if certificates.challenge == "dns01":
        if platform.dns.state == "off":
            yield Problem(f"{key}.challenge", "dns01 is answered in a zone", "set platform.dns, or use http01", "dns01")
    elif platform.ingress.state == "off":
        yield Problem(f"{key}.challenge", "http01 is answered through an ingress", "set platform.ingress", "http01")
    elif platform.ingress.state == "on" and isinstance(settings.cloud, ExistingCloud):
        yield Problem(
            f"{key}.issuer",
            "Let's Encrypt calls port 80 of the host, and this controller is on a node's port",
            "use own-ca, or an existing ingress behind a load balancer",
            issuer_of(settings),
        )


def records_can_work(settings: Settings) -> Iterator[Problem]:
    """A record needs a zone to be in and an address to point to."""
    platform = settings.platform
    if platform.dns.state == "off":
        return
    if not platform.dns.zone:
        yield Problem(f"{PART}.dns.zone", "records need a zone", "name the zone, or set platform.dns to off")
    if isinstance(settings.cloud, ExistingCloud):
        yield Problem(
            f"{PART}.dns.state", "an existing cluster brings no zone", "set it to off and make the record by hand", "on"
        )
    ingress, key = platform.ingress, f"{PART}.ingress.existingAddress"
    if not hosts_of(settings) or ingress.state != "existing":
        return
    if not ingress.existing_address:
        yield Problem(key, "records need an address", "name the controller's address")
    elif ingress.existing_record == "CNAME" and platform.dns.zone in hosts_of(settings):
        rule = f"an IPv4 address: {platform.dns.zone} is the zone itself, where no CNAME can stand"
        yield Problem(key, rule, "give the controller's address, or a host inside the zone", ingress.existing_address)


def chaos_releases(settings: Settings) -> Iterator[Problem]:
    """Chaos names releases that are there."""
    known = {release.name for release in settings.releases}
    for name in settings.platform.chaos.releases:
        if name not in known:
            rule = f"one of the releases: {', '.join(sorted(known))}"
            yield Problem(f"{PART}.chaos.releases", rule, "correct the name", name)


def a_canary_has_dags(settings: Settings) -> Iterator[Problem]:
    """The alert would fire for ever, and each delivery's canary fail, on a release that nothing brings a DAG."""
    canary = settings.platform.monitoring.canary_dag
    if not canary or settings.platform.monitoring.state == "off":
        return
    for index, release in enumerate(settings.releases):
        if release.without_dags:
            yield Problem(
                f"{PART}.monitoring.canaryDag",
                f"a DAG of every release, and {release.name} has none: the official image holds no DAGs",
                f"give releases[{index}].dags a source (bundle, git or share), set releases[{index}].image.own, "
                "or leave canaryDag out",
                canary,
            )


def scaling_needs_keda(settings: Settings) -> Iterator[Problem]:
    """A ScaledObject is nothing to a cluster without KEDA."""
    if settings.platform.keda.state != "off":
        return
    for index, release in enumerate(settings.releases):
        if release.celery and release.celery.keda:
            key = f"airflow:releases[{index}].celery.keda"
            yield Problem(key, "scaling needs KEDA", "set platform.keda to on or existing, or leave out keda")


def charts_from_elsewhere(settings: Settings) -> Iterator[Problem]:
    """A chart that is not the platform's, or an archive that is not there, would show in the middle of an `up`."""
    for name, place in settings.platform.charts.items():
        key = f"{PART}.charts.{name}"
        if name not in CHARTS:
            near = nearest(name, CHARTS)
            cure = f"did you mean {near}?" if near else "remove it"
            yield Problem(key, f"one of {', '.join(CHARTS)}", cure, place)
        elif not place.startswith("oci://") and not Path(place).expanduser().is_file():
            rule = "a chart's archive (.tgz) that is there, or an oci:// address"
            yield Problem(key, rule, f"`helm pull` makes one; looked in {Path.cwd()}", place)


def bot_has_what_it_needs(settings: Settings) -> Iterator[Problem]:
    """A bot that listens nowhere, or of which nobody knows the image, is of no use."""
    yield from bot.needs(settings.platform.bot, settings.tier)


def asks_lets_encrypt(settings: Settings) -> bool:
    """Whether the stack's issuer is one of Let's Encrypt's two."""
    return (issuer_of(settings) or "").startswith("letsencrypt-")


RULES = (
    hosts_in_the_zone,
    an_existing_class_has_a_name,
    hosts_need_an_ingress,
    acme_email,
    production_acme,
    issuer_can_work,
    records_can_work,
    chaos_releases,
    a_canary_has_dags,
    scaling_needs_keda,
    charts_from_elsewhere,
    bot_has_what_it_needs,
)
