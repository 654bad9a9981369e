"""What cannot change in place is known for every StatefulSet that a release's values make, and for no other."""

from typing import Any

import pytest

from infra.airflow.stateful import replaced_on
from tests.charts.combinations import Case

CLAIM = {"persistence": {"enabled": True, "size": "9Gi"}}
SHARE = "values.logs.persistence.enabled"


@pytest.mark.parametrize(
    ("executor", "values", "paths"),
    [
        ("kubernetes", {}, ()),
        ("local", {}, ()),
        ("local", {"workers": {"celery": CLAIM}}, (SHARE, "values.workers.celery.persistence.size")),
        ("kubernetes", {"workers": {"celery": CLAIM}}, ()),
        ("kubernetes", {"triggerer": CLAIM}, (SHARE, "values.triggerer.persistence.size")),
        ("celery-rabbitmq", {}, (SHARE, "values.workers.celery.persistence.storageClassName")),
        ("celery-redis", {}, (SHARE, "values.redis.persistence.size", "values.workers.celery.volumeClaimTemplates")),
    ],
)
def test_every_stateful_set_is_replaced_where_kubernetes_refuses_the_change(
    executor: str, values: dict[str, Any], paths: tuple[str, ...]
) -> None:
    case = Case(executor)
    found = replaced_on(case.settings(values=values).releases[0], case.values(values=values))
    assert set(paths) <= set(found)
    assert bool(paths) == bool(found)


def test_a_storage_class_is_a_setting() -> None:
    celery = {"broker": "redis", "volumeGib": 7, "storageClass": "fast"}
    made = Case("celery-redis", cloud="aws").values(celery=celery)
    for volume in (made["workers"]["celery"]["persistence"], made["redis"]["persistence"]):
        assert volume == {"enabled": True, "size": "7Gi", "storageClassName": "fast"}


def test_an_own_hostname_callable_is_left_alone() -> None:
    name = "AIRFLOW__CORE__HOSTNAME_CALLABLE"
    assert name in [one["name"] for one in Case("local").values()["scheduler"]["env"]]
    own = Case("local").values(config={"core": {"hostname_callable": "socket.gethostname"}})
    assert name not in [one["name"] for part in ("scheduler", "triggerer") for one in own[part]["env"]]
