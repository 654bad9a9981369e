"""A stack moves from one cloud to the other by its `cloud` alone, both ways, whatever its releases are."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.preview import yaml12
from infra.preview.model import Plan, Resource
from infra.preview.planning import ROOT
from tests.program.conftest import PlanOf
from tests.program.stacks import leaves

STACKS = ("integration", "production")
HOMES = {"aws": ".", "azure-native": "examples/azure"}
#: Releases of every kind of DAGs, logs and executor, beside the one that ships.
RELEASES = (
    (),
    ('releases[0].dags={"kind":"share"}', 'releases[0].logs={"kind":"share"}'),
    ("releases[0].executor=CeleryExecutor", 'releases[0].celery={"broker":"redis"}'),
)
#: What a release's own objects say otherwise: identity, pools, networks, the database's authority, the log store.
CLOUDS = re.compile(
    r"metadata\.annotations\.azure\.workload\.identity/.*|.*\.labels\.azure\.workload\.identity/use"
    # where a cloud's identities, store and API answer, and on which ports
    r"|.*\b(nodeSelector|tolerations)\..*|spec\.egress\.(to\.ipBlock\.(cidr|except)|ports\.port)|data\.ca\.crt"
    r"|values\.config\.logging\.remote_(log_conn_id|base_log_folder)|values\.env\.(name|value)"
    r"|spec\.(jobTemplate\.spec\.)?template\.spec\.containers\.env\.value"
    # the pool of a task's pod, and the label by which Azure gives it its identity
    r"|spec\.validations\.expression|values\.airflowLocalSettings"
)


def config(stack: str, home: str) -> dict[str, Any]:
    file = Path(ROOT, home, f"Pulumi.{stack}.yaml")
    return yaml12.load(file.read_text(), str(file))["config"]


def moved(plan: PlanOf, stack: str, to: str, *more: str) -> Plan:
    """The stack of one cloud with the other's `cloud` in place of its own."""
    home = next(home for cloud, home in HOMES.items() if cloud != to)
    cloud = json.dumps(config(stack, HOMES[to])["airflow:cloud"])
    return plan(stack, home, f"cloud={cloud}", *more)


@pytest.mark.parametrize("stack", STACKS)
def test_the_shipped_stacks_differ_in_cloud_alone(stack: str) -> None:
    here, there = (config(stack, home) for home in HOMES.values())
    assert {key for key in here.keys() | there.keys() if here.get(key) != there.get(key)} == {"airflow:cloud"}


@pytest.mark.parametrize("more", RELEASES, ids=["shipped", "shares", "celery"])
@pytest.mark.parametrize("to", HOMES)
@pytest.mark.parametrize("stack", STACKS)
def test_it_stands_on_the_other_cloud(plan: PlanOf, stack: str, to: str, more: tuple[str, ...]) -> None:
    made = moved(plan, stack, to, *more)
    born = plan(stack, HOMES[to], *more)
    assert {one.package for one in made} & HOMES.keys() == {to}
    assert [one.as_json() for one in made] == [one.as_json() for one in born]
    assert made.missing_secrets == born.missing_secrets


@pytest.mark.parametrize("stack", STACKS)
def test_releases_are_the_same_on_both(plan: PlanOf, stack: str) -> None:
    here, there = (plan(stack, home) for home in HOMES.values())
    mine, other = _of_releases(here), _of_releases(there)
    assert mine.keys() == other.keys()
    assert mine
    for urn, one in mine.items():
        different = _lines(one) ^ _lines(other[urn])
        assert [path for path, _ in sorted(different) if not CLOUDS.fullmatch(path)] == [], urn


def _of_releases(plan: Plan) -> dict[str, Resource]:
    """Kubernetes objects of the releases by URN, but for what keeps AKS' own upgrades from running tasks."""
    ours = (one for one in plan if "AirflowRelease" in one.urn and one.type.startswith("kubernetes:"))
    return {one.urn: one for one in ours if one.type != "kubernetes:policy/v1:PodDisruptionBudget"}


def _lines(resource: Resource) -> set[tuple[str, str]]:
    return {(".".join(path), str(value)) for path, value in leaves(resource.inputs)}
