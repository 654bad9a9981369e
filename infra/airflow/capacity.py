"""What a release asks for at most, against its namespace's quota and its pool's largest size: the plan's warnings."""

from collections.abc import Iterator

from infra.contracts import NodePool
from infra.settings import Settings
from infra.settings.quantities import bytes_of
from infra.settings.release import Release

_GIB = 2**30


def warnings(release: Release, settings: Settings, pool: NodePool) -> Iterator[str]:
    """Each a sentence; none where all fits. `pool` is that of the release's tasks."""
    beside = [one for one in settings.releases if one.in_namespace == release.in_namespace]
    quota, nodes = bytes_of(settings.sized.quota.memory) * len(beside), (pool.memory_gib or 0) * _GIB
    for what, count, memory, cure in _asked(release, settings):
        total = count * bytes_of(memory)
        asks = f"release {release.name}: {what} {count} times {memory} is {_gib(total)}"
        if total > quota:
            has = f"its namespace's quota {_gib(quota)}"
            yield f"{asks}, and {has}: what is above it waits. {cure}, or raise figures.quota"
        if nodes and total > nodes:
            has = f"its node pool has {_gib(nodes)} at most"
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


def _gib(size: int) -> str:
    return f"{size / _GIB:.0f} GiB"
