"""What is read from a plan: the difference to an earlier one, the critical path, the graph."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.preview import diff, diff_report, graph, schedule
from infra.preview.change import KINDS
from infra.preview.errors import InputError
from infra.preview.model import Options, Plan, Resource
from infra.preview.recorder import ProgramError

STACK = "urn:pulumi:dev::airflow::pulumi:pulumi:Stack::airflow-dev"


def made(
    token: str,
    name: str,
    inputs: dict[str, Any] | None = None,
    *,
    after: tuple[str, ...] = (),
    parent: str = STACK,
    provider: str | None = None,
    custom: bool = True,
    **options: Any,
) -> Resource:
    chain = parent.split("::")[2]
    qualified = token if parent == STACK else f"{chain}${token}"
    urn = f"urn:pulumi:dev::airflow::{qualified}::{name}"
    return Resource(urn, token, name, custom, parent, provider, inputs or {}, after, Options(**options))


def plan(*resources: Resource) -> Plan:
    stack = Resource(STACK, "pulumi:pulumi:Stack", "airflow-dev", False, None, None, {}, (), Options())
    return Plan("airflow", "dev", tuple(sorted((stack, *resources), key=lambda resource: resource.urn)))


DATABASE = made("aws:rds/instance:Instance", "db", {"engineVersion": "16", "storageEncrypted": True}, protect=True)
ROLE = made("aws:iam/role:Role", "role", {"tags": {"a/b": "1"}, "path": "/"})
SECRET = made("kubernetes:core/v1:Secret", "secret", {"stringData": {"$secret": True}})


PLAN = json.dumps(plan().as_json())


def kinds(found: diff.Diff) -> dict[str, list[str]]:
    return {kind: [change.resource.name for change in found.of_kind(kind)] for kind in KINDS if found.of_kind(kind)}


def edits(found: diff.Diff) -> list[tuple[str, bool]]:
    return [(edit.path, edit.replaces) for change in found.changes for edit in change.edits]


def test_equal_plans_have_no_difference():
    found = diff.compare(plan(DATABASE, ROLE, SECRET), plan(SECRET, ROLE, DATABASE))
    assert found.changes == ()
    assert [line.text for line in diff_report.lines(found)] == ["airflow/dev: nothing changes"]


def test_created_deleted_changed_and_replaced_are_told_apart():
    bigger = replace(DATABASE, inputs={"engineVersion": "17", "storageEncrypted": True})
    moved = replace(ROLE, inputs={"tags": {"a/b": "2", "new": "3"}, "path": "/team/"})
    found = diff.compare(plan(DATABASE, ROLE, SECRET), plan(bigger, moved, made("aws:ec2/vpc:Vpc", "vpc")))
    assert kinds(found) == {"replaced": ["role"], "deleted": ["secret"], "changed": ["db"], "created": ["vpc"]}
    assert edits(found) == [("path", True), ('tags["a/b"]', False), ("tags.new", False), ("engineVersion", False)]


def test_a_create_only_property_of_a_data_holder_is_flagged_first():
    opened = replace(DATABASE, inputs={**DATABASE.inputs, "storageEncrypted": False})
    moved = replace(ROLE, inputs={**ROLE.inputs, "path": "/x/"})
    found = diff.compare(plan(ROLE, DATABASE), plan(moved, opened))
    assert [(change.resource.name, change.loses_data, change.protected) for change in found.changes] == [
        ("db", True, True),
        ("role", False, False),
    ]
    comment = diff_report.markdown(found)
    assert comment.index("CAUTION") < comment.index("<details open><summary>replaced: 2")
    assert "protected, so `pulumi up` refuses" in comment
    assert "- `± aws:rds:Instance  db` — **loses its data**" in comment
    assert "  - `storageEncrypted: true → false   (replaces)`" in comment


def test_a_comment_that_is_too_long_keeps_what_loses_data():
    tags = {f"key{number}": str(number) for number in range(10)}
    roles = [made("aws:iam/role:Role", f"role{number}") for number in range(200)]
    found = diff.compare(
        plan(DATABASE, *roles), plan(*(replace(role, inputs={"tags": tags, "path": "/"}) for role in roles))
    )
    whole, brief, least = (diff_report.markdown(found, limit=limit) for limit in (60_000, 20_000, 2_000))
    assert "  - `path: (none) → /   (replaces)`" in whole
    assert "`± aws:iam:Role  role7`" in brief
    assert "path" not in brief
    assert "role7" not in least
    assert "The rest is too long for a comment" in least
    for text in (whole, brief, least):
        assert "`aws:rds:Instance  db` is deleted (protected" in text
        assert text.startswith("### `dev`: 200 replaced, 1 deleted\n")


def test_new_exports_secrets_and_warnings_are_told():
    before = replace(plan(), outputs={"url": "https://a"}, missing_secrets=("airflow:old",), warnings=("old",))
    after = replace(before, outputs={"url": "https://b"}, missing_secrets=("airflow:new",), warnings=("old", "new"))
    found = diff.compare(before, after)
    data = found.as_json()
    assert data["outputs"] == [{"path": "url", "before": "https://a", "after": "https://b"}]
    assert (data["missingSecrets"], data["warnings"]) == (["airflow:new"], ["new"])
    for text in ("\n".join(line.text for line in diff_report.lines(found)), diff_report.markdown(found, limit=1)):
        assert "no resource changes" in text
        assert "url: https://a → https://b" in text
        assert "airflow:new" in text
        assert "old" not in text


def test_ignored_changes_unknowns_and_options():
    before = made("aws:rds/instance:Instance", "db", {"zone": "a", "arn": {"$unknown": True}, "list": [1, 2]})
    after = replace(
        before,
        inputs={"zone": "b", "arn": {"$unknown": True}, "list": [1, 3]},
        options=Options(ignore_changes=("zone",), protect=True),
    )
    found = diff.compare(plan(before), plan(after))
    assert edits(found) == [("list[1]", False), ("options.ignoreChanges", False), ("options.protect", False)]


def test_items_of_a_list_are_told_apart_by_their_names():
    def job(*env: dict[str, Any]) -> Resource:
        return made("kubernetes:batch/v1:Job", "job", {"spec": {"template": {"env": list(env)}}})

    one, two, three = ({"name": name, "value": name} for name in ("ONE", "TWO", "THREE"))
    found = diff.compare(plan(job(one, two)), plan(job(three, {**one, "value": "1"}, two)))
    at = "spec.template.env"
    assert edits(found) == [(f'{at}["ONE"].value', True), (f'{at}["THREE"]', True)]
    for unmatched in ((two, one), (one, two, two), (one, {"value": "nameless"}, two)):
        assert edits(diff.compare(plan(job(one, two)), plan(job(*unmatched))))[0][0].startswith(at)


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        ("pools[0].count", ['pools["b"]', "zone"]),
        ("pools", ["zone"]),
        ("zone", ['pools["a"].count', 'pools["b"]']),
        ("pools[7].count", ['pools["a"].count', 'pools["b"]', "zone"]),
    ],
)
def test_an_ignored_path_is_the_engines(ignored: str, left: list[str]):
    pools = [{"name": "a", "count": 1}, {"name": "b", "count": 1}]
    before = made("azure-native:containerservice:ManagedCluster", "c", {"pools": pools[:1], "zone": "1"})
    inputs = {"pools": [{**pools[0], "count": 5}, pools[1]]}
    after = replace(before, inputs=inputs, options=Options(ignore_changes=(ignored,)))
    before = replace(before, options=after.options)
    assert [path for path, _ in edits(diff.compare(plan(before), plan(after)))] == left


def test_a_long_value_is_shown_from_where_it_differs():
    before, after = (made("aws:iam/role:Role", "r", {"policy": "x" * 300 + end + "y" * 300}) for end in ("old", "new"))
    (line,) = [
        line.text for line in diff_report.lines(diff.compare(plan(before), plan(after))) if "policy" in line.text
    ]
    assert "xoldy" in line.partition("→")[0]
    assert "xnewy" in line.partition("→")[2]
    assert len(line) < 240


def test_a_replaced_provider_replaces_what_it_manages():
    provider = made("pulumi:providers:kubernetes", "cluster", {"clusterIdentifier": "a"})
    claim = made("kubernetes:core/v1:PersistentVolumeClaim", "data", provider=provider.urn)
    after = plan(replace(provider, inputs={"clusterIdentifier": "b"}), claim)
    found = diff.compare(plan(provider, claim), after)
    assert kinds(found) == {"replaced": ["data", "cluster"]}
    assert "its provider pulumi:providers:kubernetes cluster is replaced" in diff_report.markdown(found)


def test_a_replaced_resource_takes_along_what_is_bound_to_its_id():
    unknown = {"$unknown": True}
    vpc = made("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})
    subnet = replace(made("aws:ec2/subnet:Subnet", "subnet", {"vpcId": unknown}), by_property={"vpcId": (vpc.urn,)})
    group = replace(
        made("aws:rds/subnetGroup:SubnetGroup", "group", {"subnetIds": [unknown]}),
        by_property={"subnetIds": (subnet.urn,)},
    )
    target = replace(
        made("aws:efs/mountTarget:MountTarget", "target", {"subnetId": unknown, "fileSystemId": "fs-1"}),
        by_property={"subnetId": (subnet.urn,)},
    )
    found = diff.compare(
        plan(vpc, subnet, group, target), plan(replace(vpc, inputs={"cidrBlock": "10.1.0.0/16"}), subnet, group, target)
    )
    assert {change.resource.name: change.because for change in found.changes} == {
        "vpc": "",
        "subnet": "vpcId comes from aws:ec2/vpc:Vpc vpc, which is replaced",
        "group": "subnetIds comes from aws:ec2/subnet:Subnet subnet, which is replaced",
        "target": "subnetId comes from aws:ec2/subnet:Subnet subnet, which is replaced",
    }
    assert kinds(found)["changed"] == ["group"]


@pytest.mark.parametrize("named", ["scripts-0a1b2c3d", {"$unknown": True}])
def test_who_holds_the_name_of_a_replaced_object_follows_it(named: Any):
    config = made("kubernetes:core/v1:ConfigMap", "scripts", {"metadata": {"name": "scripts-0a1b2c3d"}, "data": {}})
    pod = {"volumes": [{"configMap": {"name": named}}]}
    job = made("kubernetes:batch/v1:Job", "job", {"spec": {"template": pod}})
    server = made("kubernetes:apps/v1:StatefulSet", "server", {"spec": {"template": pod}})
    other = made("kubernetes:apps/v1:StatefulSet", "other", {"spec": {"template": {}}})
    users = [replace(one, by_property={"spec": (config.urn,)}) for one in (job, server, other)]
    renewed = replace(config, inputs={**config.inputs, "data": {"a": "b"}})
    found = diff.compare(plan(config, *users), plan(renewed, *users))
    assert kinds(found) == {"replaced": ["job", "scripts"], "changed": ["server"]}
    assert found.of_kind("changed")[0].because.startswith("spec comes from kubernetes:core/v1:ConfigMap scripts")


@pytest.mark.parametrize("alias", [{"name": "role"}, ROLE.urn])
def test_an_aliased_resource_is_the_same_one(alias: Any):
    renamed = made("aws:iam/role:Role", "worker", ROLE.inputs, aliases=(alias,))
    assert diff.compare(plan(ROLE), plan(renamed)).changes == ()


def test_an_alias_may_name_the_parent_that_was():
    component = made("airflow:cloud:Identity", "identity", custom=False)
    moved = made("aws:iam/role:Role", "role", ROLE.inputs, parent=component.urn, aliases=({"noParent": True},))
    found = diff.compare(plan(ROLE), plan(component, moved))
    assert kinds(found) == {"created": ["identity"]}


def test_the_json_of_a_difference_names_every_path():
    opened = replace(DATABASE, inputs={"engineVersion": "16"})
    data = diff.compare(plan(DATABASE), plan(opened)).as_json()
    secrets = ["missingSecrets", "secretsSetAnew", "secretsNotLookedAt"]
    assert list(data) == ["project", "stack", *diff.KINDS, "outputs", *secrets, "warnings"]
    (change,) = data["replaced"]
    assert change["paths"] == [
        {"path": "storageEncrypted", "before": True, "after": None, "replaces": True, "refused": False}
    ]
    json.dumps(data)


NO_PLANS = [
    "",
    "[]",
    "{}",
    '{"project": "p", "stack": "s", "resources": [{}]}',
    PLAN.replace(f'"{STACK}"', "5"),
    "\xff",
]


@pytest.mark.parametrize("text", NO_PLANS)
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str):
    (tmp_path / "plan.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="is no plan that --json wrote"):
        diff.load(tmp_path / "plan.json")
    with pytest.raises(InputError, match="cannot be read"):
        diff.load(tmp_path / "missing.json")


def test_plans_of_two_stacks_are_not_compared():
    with pytest.raises(InputError, match="airflow/other"):
        diff.compare(replace(plan(), stack="other"), plan())


def test_the_critical_path_counts_data_options_parent_and_provider():
    component = made("airflow:cloud:Cluster", "c", custom=False)
    cluster = made("aws:eks/cluster:Cluster", "eks", parent=component.urn)
    provider = made("pulumi:providers:kubernetes", "k", after=(cluster.urn,))
    namespace = made("kubernetes:core/v1:Namespace", "n", provider=provider.urn)
    release = made("kubernetes:helm.sh/v3:Release", "a", {"chart": "airflow"}, after=(namespace.urn,))
    database = made("aws:rds/instance:Instance", "db", {"multiAz": False})
    standby = made("aws:rds/instance:Instance", "ha", {"multiAz": True})
    found = schedule.schedule(plan(component, cluster, provider, namespace, release, database))
    assert [(step.resource.name, step.start, step.seconds) for step in found.chain] == [
        ("eks", 0, 540),
        ("n", 540, 5),
        ("a", 545, 120),
    ]
    assert (found.unlimited, found.eightfold) == (665, 665)
    assert schedule.seconds(database) == 390
    assert schedule.seconds(standby) == 720


def test_eight_at_a_time_is_slower_where_more_could_run():
    found = schedule.schedule(plan(*(made("aws:iam/role:Role", f"r{number}") for number in range(20))))
    assert (found.unlimited, found.eightfold) == (5, 15)
    assert len(found.chain) == 1


def test_resources_that_wait_for_each_other_are_a_defect():
    one = made("aws:iam/role:Role", "one")
    two = made("aws:iam/role:Role", "two", after=(one.urn,))
    with pytest.raises(ProgramError, match="wait for each other"):
        schedule.schedule(plan(replace(one, depends_on=(two.urn,)), two))


def test_the_graph_shows_components_by_layer_in_order_without_implied_edges():
    network = made("airflow:cloud:Network", "network", custom=False)
    subnets = [made("aws:ec2/subnet:Subnet", f"s{number}", parent=network.urn) for number in range(3)]
    cluster = made("airflow:cloud:Cluster", "cluster", custom=False)
    eks = made("aws:eks/cluster:Cluster", "eks", parent=cluster.urn, after=(subnets[0].urn,))
    release = made("airflow:airflow:AirflowRelease", "main", custom=False)
    chart = made("kubernetes:helm.sh/v3:Release", "chart", parent=release.urn, after=(eks.urn, subnets[1].urn))
    text = graph.mermaid(plan(network, *subnets, cluster, eks, release, chart))
    assert text.splitlines() == [
        "flowchart TD",
        '  subgraph cloud["cloud"]',
        '    n1["<b>Cluster cluster</b><br/>Cluster"]',
        '    n2["<b>Network network</b><br/>Subnet ×3"]',
        "  end",
        '  subgraph airflow["airflow"]',
        '    n0["<b>AirflowRelease main</b><br/>Release"]',
        "  end",
        "  n1 --> n0",
        "  n2 --> n1",
    ]


@pytest.mark.parametrize("count", [3, 50])
def test_more_than_two_releases_share_a_box(count: int):
    releases = [made("airflow:airflow:AirflowRelease", f"r{number}", custom=False) for number in range(count)]
    charts = [made("kubernetes:helm.sh/v3:Release", "chart", parent=release.urn) for release in releases]
    text = graph.mermaid(plan(*releases, *charts))
    assert f'["<b>AirflowRelease ×{count}</b><br/>Release ×{count}"]' in text
    assert len(text.splitlines()) == 4
