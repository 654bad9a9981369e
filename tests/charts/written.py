"""The values that the program gives to each chart."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from infra.preview import planning
from infra.preview.model import Plan, Resource
from tests.charts.combinations import CASES
from tests.program.invariants import RELEASE
from tests.program.platform_site import plan

ALERTS = {"slack": {"channel": "#airflow"}}
CELERY = {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {}}}


@cache
def plans() -> tuple[Plan, ...]:
    monitoring = {"state": "on", "alerts": ALERTS}
    return (
        plan({"monitoring": monitoring}, releases=[CELERY]),
        plan({"ingress": {"controller": "traefik"}}),
        planning.make(planning.Request("production")).plan,
    )


@cache
def releases() -> Mapping[str, Resource]:
    """The first release of each chart but Airflow's, whose values come in more combinations than plans."""
    found = [release for made in reversed(plans()) for release in reversed(made.of_type(RELEASE))]
    return {release.inputs["chart"]: release for release in found if release.inputs["chart"] != "airflow"}


def values(chart: str) -> Iterator[Mapping[str, Any]]:
    """All that a chart is given."""
    if chart == "airflow":
        yield from (case.values() for case in CASES)
    else:
        yield from (
            release.inputs["values"]
            for made in plans()
            for release in made.of_type(RELEASE)
            if release.inputs["chart"] == chart
        )
