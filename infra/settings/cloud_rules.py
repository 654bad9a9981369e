"""Rules that see more than one field and hold for several clouds alike."""

import ipaddress
from collections.abc import Iterator

from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.existing import ExistingCloud
from infra.settings.figures import CloudFigures
from infra.settings.model import Settings
from infra.settings.problems import Problem
from infra.versions import KUBERNETES_DEFAULT, KUBERNETES_KNOWN, POSTGRES_KNOWN

#: RFC 1918 and RFC 6598.
PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))

MOST_BEHIND = 3  # kubernetes.io/releases/version-skew-policy


def managed(settings: Settings) -> AwsCloud | AzureCloud | None:
    """The cloud's settings where there is a cloud to manage."""
    return settings.cloud if isinstance(settings.cloud, AwsCloud | AzureCloud) else None


def figures(settings: Settings) -> CloudFigures:
    """The size's figures on this stack's cloud."""
    return settings.sized.aws if settings.cloud.kind == "aws" else settings.sized.azure


def api_allow_list(settings: Settings) -> Iterator[Problem]:
    """The API of the cluster is reached from named networks."""
    cloud = managed(settings)
    if cloud is None:
        return
    key = "airflow:cloud.cluster.apiAllowedCidrs"
    if cloud.cluster.api == "public" and not cloud.cluster.api_allowed_cidrs:
        yield Problem(
            key,
            "a public API is limited to networks that are named",
            "list those of the office, the VPN and CI, or set cloud.cluster.api to private",
            [],
        )
    for index, network in enumerate(cloud.cluster.api_allowed_cidrs):
        if cloud.cluster.api == "public" and any(ipaddress.IPv4Network(network).subnet_of(inner) for inner in PRIVATE):
            yield Problem(
                f"{key}[{index}]",
                "a public network: neither cloud takes a private one for its public endpoint",
                "name the address that the office or the VPN has outside, or set cloud.cluster.api to private",
                network,
            )
        if ipaddress.IPv4Network(network).prefixlen == 0 and not cloud.cluster.allow_public_api:
            yield Problem(
                f"{key}[{index}]",
                "the API is not open to the world",
                "name networks, or say so by cloud.cluster.allowPublicApi: true",
                network,
            )


def kubernetes_version(settings: Settings) -> Iterator[Problem]:
    """A version that this program's charts and pins were chosen for, and that the cloud has."""
    cloud = settings.cloud
    if isinstance(cloud, ExistingCloud):
        version, key = cloud.kubernetes_version, "airflow:cloud.kubernetesVersion"
    else:
        version, key = cloud.cluster.kubernetes_version, "airflow:cloud.cluster.kubernetesVersion"
    known = ", ".join(KUBERNETES_KNOWN[cloud.kind])
    if _minor(version) is None:
        cure = f'one of {known}, for example "{KUBERNETES_DEFAULT}"'
        yield Problem(key, "a minor version as quoted text", cure, version)
    elif version not in KUBERNETES_KNOWN[cloud.kind]:
        yield Problem(key, f"one of {known}", "choose one of them", version)


def _minor(version: str) -> int | None:
    """The 35 of 1.35; None where it is no minor version."""
    major, _, minor = version.partition(".")
    return int(minor) if major == "1" and minor.isdecimal() else None


def nodes_version(settings: Settings) -> Iterator[Problem]:
    """Kubernetes' own bound on how far nodes may be behind, and never before, their control plane."""
    cloud = managed(settings)
    if cloud is None or cloud.cluster.nodes_version is None:
        return
    key, given = "airflow:cloud.cluster.nodesVersion", cloud.cluster.nodes_version
    ahead, behind = _minor(cloud.cluster.kubernetes_version), _minor(given)
    if behind is None:
        yield Problem(key, "a minor version as quoted text", f'for example "{KUBERNETES_DEFAULT}"', given)
    elif ahead is not None and not 0 <= ahead - behind <= MOST_BEHIND:
        rule = f"at most {MOST_BEHIND} minor versions behind kubernetesVersion, and not before it"
        yield Problem(key, rule, f"at most {cloud.cluster.kubernetes_version}, or leave it out", given)


def node_counts(settings: Settings) -> Iterator[Problem]:
    """A pool's counts are in order, and the system pool is never empty."""
    if managed(settings) is None:
        return
    base = f"airflow:figures.{settings.cloud.kind}"
    for name in ("system", "tasks"):
        pool = getattr(figures(settings), name)
        if not pool.min <= pool.desired <= pool.max:
            yield Problem(
                f"{base}.{name}.desired",
                "min <= desired <= max",
                "put the three in order",
                f"{pool.min}, {pool.desired}, {pool.max}",
            )
        if name == "system" and pool.min == 0:
            yield Problem(f"{base}.system.min", "1 or more: Airflow itself runs there", "set 2, one a zone", 0)
        if name == "system" and pool.spot:
            yield Problem(f"{base}.system.spot", "on demand: Airflow itself runs there", "set it for tasks only", True)


def postgres_version(settings: Settings) -> Iterator[Problem]:
    """A major version that both services offer and Airflow supports."""
    cloud = managed(settings)
    if cloud and cloud.database.postgres_major not in POSTGRES_KNOWN:
        yield Problem(
            "airflow:cloud.database.postgresMajor",
            f"one of {', '.join(map(str, POSTGRES_KNOWN))}: offered by the service and supported by Airflow",
            "choose one of them",
            cloud.database.postgres_major,
        )


def database_production(settings: Settings) -> Iterator[Problem]:
    """Production's database has a standby, backups of a week and a lock on its deletion."""
    cloud = managed(settings)
    if cloud is None or not settings.production:
        return
    key, database = "airflow:cloud.database", cloud.database
    if database.highly_available is False:
        yield Problem(
            f"{key}.highlyAvailable", "production needs a standby in another zone", "leave it out or set true", False
        )
    if database.backup_retention_days < 7:
        yield Problem(
            f"{key}.backupRetentionDays",
            "production keeps backups for 7 days or more",
            "set 7 or more",
            database.backup_retention_days,
        )
    if database.deletion_protection is False:
        yield Problem(
            f"{key}.deletionProtection",
            "production's database can't be deleted by mistake",
            "leave it out or set true",
            False,
        )


def production_replicas(settings: Settings) -> Iterator[Problem]:
    """In production nothing that Airflow needs stands once: a drained node must not stop it."""
    if not settings.production:
        return
    for key, component in (
        ("scheduler", settings.sized.scheduler),
        ("apiServer", settings.sized.api_server),
        ("dagProcessor", settings.sized.dag_processor),
        ("triggerer", settings.sized.triggerer),
        ("ingress", settings.sized.ingress),
    ):
        if component.replicas < 2:
            yield Problem(
                f"airflow:figures.{key}.replicas", "2 or more in production", "set 2 or more", component.replicas
            )


RULES = (
    api_allow_list,
    kubernetes_version,
    nodes_version,
    node_counts,
    postgres_version,
    database_production,
    production_replicas,
)
