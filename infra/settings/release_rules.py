"""Rules of a release that see more than one field, and of several releases together."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import PurePosixPath

from infra import versions
from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.base import Tier
from infra.settings.chart_archive import chart_archive
from infra.settings.chart_rules import airflow_options, chart_values
from infra.settings.existing import ExistingCloud
from infra.settings.model import Settings
from infra.settings.problems import Problem
from infra.settings.release import BundleDags, GitDags, ObjectStoreLogs, Release
from infra.settings.release.dags import Access


def releases(settings: Settings) -> Iterator[Problem]:
    """Every rule of one release, over each."""
    for index, release in enumerate(settings.releases):
        key = f"airflow:releases[{index}]"
        for rule in ONE:
            yield from rule(key, release, settings)


def image(key: str, release: Release, settings: Settings) -> Iterator[Problem]:
    """A tag says which Airflow is in it, and production runs what is pinned."""
    parts = release.image.tag.replace("_", "-").split("-")
    if versions.AIRFLOW not in parts:
        rule = f"a tag with this program's Airflow version, {versions.AIRFLOW}, between hyphens"
        yield Problem(f"{key}.image.tag", rule, f"for example {versions.AIRFLOW}-1f3c9ab", release.image.tag)
    if release.image.own and isinstance(settings.cloud, ExistingCloud) and not _pushed_to(release, settings.cloud):
        rule = "an own image needs a registry, and the cluster brings none"
        yield Problem(f"{key}.image.own", rule, "name one: cloud.registry.url, or image.repository", True)
    if settings.tier is Tier.production and release.image.pinned is None:
        yield Problem(f"{key}.image.digest", "production runs an image by digest", "`make push` prints it")


def _pushed_to(release: Release, cloud: ExistingCloud) -> bool:
    return cloud.registry is not None or not release.image.official


def executor(key: str, release: Release, _settings: Settings) -> Iterator[Problem]:
    """What CeleryExecutor needs is asked for, and refused where nothing would use it."""
    if release.on_celery and release.celery is None:
        cure = "give it, for example {broker: redis}"
        yield Problem(f"{key}.celery", "CeleryExecutor needs a broker", cure)
    if release.celery is not None and not release.on_celery:
        cure = "put CeleryExecutor into executor, or remove celery"
        yield Problem(f"{key}.celery", "nothing uses it: the executor has no CeleryExecutor", cure, release.executor)
    keda = release.celery.keda if release.celery else None
    if keda and keda.min_workers > keda.max_workers:
        yield Problem(f"{key}.celery.keda.minWorkers", "at most maxWorkers", "lower it", keda.min_workers)


def spot(key: str, release: Release, settings: Settings) -> Iterator[Problem]:
    """An evicted task fails; without a retry the run fails with it."""
    if release.tasks.pool == "tasks" and release.tasks.retries == 0 and _tasks_on_spot(settings):
        cure = "set 1 or more, or tasks.pool to system"
        yield Problem(f"{key}.tasks.retries", "tasks on spot nodes need at least one retry", cure, 0)


def _tasks_on_spot(settings: Settings) -> bool:
    cloud = settings.cloud
    if isinstance(cloud, AzureCloud):
        return cloud.tasks_on_spot or settings.sized.azure.tasks.spot
    return isinstance(cloud, AwsCloud) and settings.sized.aws.tasks.spot


def dags(key: str, release: Release, _settings: Settings) -> Iterator[Problem]:
    """An address and its credential fit, and an SSH server is known beforehand."""
    for path, access in _repositories(release):
        here = f"{key}.{path}"
        if access.over_ssh != (access.auth == "sshKey"):
            cure = "auth: sshKey goes with git@…, auth: none and token with https://…"
            yield Problem(f"{here}.auth", "the credential fits the address", cure, access.auth)
        if access.auth == "sshKey" and not access.known_hosts:
            cure = "take what `ssh-keyscan -t ed25519 HOST` prints, compared with what the host publishes"
            yield Problem(f"{here}.knownHosts", "an SSH server's keys are pinned", cure)


def _repositories(release: Release) -> Iterator[tuple[str, Access]]:
    if isinstance(release.dags, GitDags):
        yield "dags", release.dags
    if isinstance(release.dags, BundleDags):
        for index, repository in enumerate(release.dags.repositories):
            yield f"dags.repositories[{index}]", repository


def logs(key: str, release: Release, settings: Settings) -> Iterator[Problem]:
    """An existing cluster has no object store, and shares only as it says."""
    if isinstance(release.logs, ObjectStoreLogs) and settings.cloud.kind == "existing":
        yield Problem(f"{key}.logs.kind", "an existing cluster has no object store", "use share", "objectStore")


def namespace(key: str, release: Release, _settings: Settings) -> Iterator[Problem]:
    """The program makes a release's namespace, and these are there in every cluster already."""
    if release.in_namespace == "default" or release.in_namespace.startswith("kube-"):
        cure = f"leave it out for airflow-{release.name}, or name a new one"
        yield Problem(f"{key}.namespace", "a namespace that is not Kubernetes' own", cure, release.in_namespace)


def escape_hatches(key: str, release: Release, settings: Settings) -> Iterator[Problem]:
    """`values` and `config` hold known keys only, and leave alone what the program answers for."""
    yield from chart_values(f"{key}.values", release.values, settings.airflow_chart)
    yield from airflow_options(f"{key}.config", release.config)


def namespaces(settings: Settings) -> Iterator[Problem]:
    """Two schedulers number their pods alike, and would each take the other's in one namespace."""
    for one, other in combinations(range(len(settings.releases)), 2):
        first, second = settings.releases[one], settings.releases[other]
        if first.in_namespace == second.in_namespace and first.on_kubernetes and second.on_kubernetes:
            yield Problem(
                f"airflow:releases[{other}].namespace",
                "one KubernetesExecutor a namespace: two would adopt each other's pods",
                f"give it another namespace than {first.name}'s, or another executor",
                second.in_namespace,
            )


def shared_namespaces(settings: Settings) -> Iterator[Problem]:
    """Kubernetes gives rights by namespace: whoever has them in one has them on every release in it."""
    for index, release in enumerate(settings.releases):
        with_it = [one.name for one in settings.releases if one is not release and _shares(one, release)]
        if with_it and not release.shares_namespace:
            yield Problem(
                f"airflow:releases[{index}].sharesNamespace",
                f"releases in one namespace share its Secrets and rights, and say so (here with {', '.join(with_it)})",
                "set it to true for each of them, or leave their namespace out",
                False,
            )


def _shares(one: Release, other: Release) -> bool:
    return one.in_namespace == other.in_namespace


def databases(settings: Settings) -> Iterator[Problem]:
    """`main-result` would own the database that the results of main's Celery are in (infra/names.py, result_schema)."""
    with_results = {f"{release.name}-result": release.name for release in settings.releases if release.on_celery}
    for index, release in enumerate(settings.releases):
        if owner := with_results.get(release.name):
            rule = f"not the name of another release's database: that of {owner}'s Celery"
            yield Problem(f"airflow:releases[{index}].name", rule, "rename the release", release.name)


def addresses(settings: Settings) -> Iterator[Problem]:
    """Releases on one host are told apart by path, and no path lies inside another's UI."""
    for one, other in combinations(range(len(settings.releases)), 2):
        first, second = settings.releases[one], settings.releases[other]
        if first.host is None or first.host != second.host:
            continue
        paths = sorted((PurePosixPath(first.path), PurePosixPath(second.path)), key=lambda path: len(path.parts))
        if paths[1].is_relative_to(paths[0]):
            yield Problem(
                f"airflow:releases[{other}].path",
                f"neither equal to nor inside the path of {first.name} on the same host ({first.path})",
                f"for example /{second.name}, and /{first.name} for the other",
                second.path,
            )


ONE = (image, executor, spot, dags, logs, namespace, escape_hatches)
RULES = (releases, namespaces, shared_namespaces, databases, addresses, chart_archive)
