"""More than the quota or the pool holds is told by the plan; what the sizes give by themselves is not."""

from typing import Any

import pytest

from infra.airflow.capacity import warnings
from infra.contracts import NodePool
from infra.settings import read
from infra.settings.sizes import Size
from tests.charts.combinations import EXECUTORS, Case
from tests.unit.stacks import LOCAL, flat

UNKNOWN, POOL = NodePool(), NodePool(memory_gib=32)
KEDA = {"executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {"maxWorkers": 40}}}


def _told(release: dict[str, Any], pool: NodePool = UNKNOWN, **top: Any) -> list[str]:
    settings = read(flat({**LOCAL, **top, "releases": [{"name": "main", **release}]}))
    return list(warnings(settings.releases[0], settings, pool))


@pytest.mark.parametrize("size", Size)
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_size_fits_into_itself(executor: str, size: str) -> None:
    assert _told(EXECUTORS[executor], size=size) == []


@pytest.mark.parametrize(
    ("release", "pool", "words"),
    [
        ({"tasks": {"memory": "8Gi"}}, UNKNOWN, ["parallelism 16 times 8Gi is 128 GiB", "quota 48 GiB"]),
        ({"config": {"core": {"parallelism": 200}}}, UNKNOWN, ["parallelism 200 times 512Mi is 100 GiB"]),
        (KEDA, UNKNOWN, ["workers, 40 times 2Gi is 80 GiB", "celery.keda.maxWorkers"]),
        ({"tasks": {"memory": "2560Mi"}}, POOL, ["is 40 GiB", "pool has 32 GiB"]),
    ],
)
def test_what_does_not_fit_is_told_with_the_figures(release: dict[str, Any], pool: NodePool, words: list[str]) -> None:
    (line,) = _told(release, pool)
    assert [word for word in words if word not in line] == []


def test_a_task_above_the_quota_waits() -> None:
    assert Case("kubernetes").values()["config"]["kubernetes_executor"]["task_publish_max_retries"] == "-1"
