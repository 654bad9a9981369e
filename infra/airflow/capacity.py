"""What a release asks for at most, against its namespace's quota and its pool's largest size: the plan's warnings."""

import re
from collections.abc import Iterator

from infra.settings import Settings
from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.figures import NodePool
from infra.settings.quantities import bytes_of
from infra.settings.release import Release

_GIB = 2**30
#: GiB of memory for each vCPU, by family: AWS's t, m, c, r and Azure's B, D, F, E.
_PER_CPU = {"t": 4, "m": 4, "c": 2, "r": 8, "B": 4, "D": 4, "F": 2, "E": 8}


def warnings(release: Release, settings: Settings) -> Iterator[str]:
    """Each a sentence; none where all fits."""
    beside = [one for one in settings.releases if one.in_namespace == release.in_namespace]
    quota, pool = bytes_of(settings.sized.quota.memory) * len(beside), _pool_memory(release, settings)
    for what, count, memory, cure in _asked(release, settings):
        total = count * bytes_of(memory)
        asks = f"release {release.name}: {what} {count} times {memory} is {_gib(total)}"
        if total > quota:
            has = f"its namespace's quota {_gib(quota)}"
            yield f"{asks}, and {has}: what is above it waits. {cure}, or raise figures.quota"
        if pool and total > pool:
            has = f"its node pool has {_gib(pool)} at most"
            yield f"{asks}, and {has}: what is above it waits. {cure}, or raise the pool's max"


def _asked(release: Release, settings: Settings) -> Iterator[tuple[str, int, str, str]]:
    figures = settings.sized
    if release.on_kubernetes:
        given = release.config.get("core", {}).get("parallelism", figures.tasks.parallelism)
        if str(given).isdecimal():
            memory = release.tasks.memory or figures.tasks.memory
            yield "a scheduler's parallelism", int(given), memory, "Lower figures.tasks.parallelism or tasks.memory"
    if release.celery:
        keda = release.celery.keda
        count, key = (
            (keda.max_workers, "celery.keda.maxWorkers") if keda else (figures.worker.replicas, "figures.worker")
        )
        yield "Celery's workers,", count, figures.worker.memory, f"Lower {key}"


def _pool_memory(release: Release, settings: Settings) -> int | None:
    """Bytes of the pool that tasks run on at its largest size; None where it is not ours or of an unknown kind."""
    cloud = settings.cloud
    if not isinstance(cloud, AwsCloud | AzureCloud):
        return None
    figures = settings.sized.aws if isinstance(cloud, AwsCloud) else settings.sized.azure
    pool = figures.tasks if release.tasks.pool == "tasks" else figures.system
    node = _node_memory(pool)
    return node * pool.max if node else None


def _node_memory(pool: NodePool) -> int | None:
    if aws := re.fullmatch(r"([tmcr])\d\w*\.(\d*)(x?)large", pool.instance_type):
        cpus = 4 * int(aws[2] or 1) if aws[3] else 2
        return cpus * _PER_CPU[aws[1]] * _GIB
    if azure := re.fullmatch(r"Standard_([BDFE])(\d+)[a-z]*_v\d", pool.instance_type):
        return int(azure[2]) * _PER_CPU[azure[1]] * _GIB
    return None


def _gib(size: int) -> str:
    return f"{size / _GIB:.0f} GiB"
