"""What `benchmarks/preview.py` measures is a legal stack."""

import json

import pytest

from benchmarks import preview
from infra.preview import planning


@pytest.mark.parametrize("stack", ["local", "production"])
def test_many_releases_make_a_plan(stack: str) -> None:
    releases = json.dumps(preview.copies(stack, 3))
    plan = planning.make(planning.Request(stack, config=[f"releases={releases}"])).plan
    assert [item.name for item in plan.of_type("airflow:airflow:AirflowRelease")] == ["r00", "r01", "r02"]
