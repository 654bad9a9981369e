"""Releases in the whole program's plan: what refers to what, what waits for what, and what two of them share."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import versions
from infra.contracts import LOGS_CONNECTION
from infra.preview import diff
from infra.preview.model import Plan, Resource
from tests.program.conftest import PlanOf
from tests.program.invariants import broken
from tests.program.stacks import leaves, pod_specs
from tests.unit.test_release_rules import chart

RELEASE = "kubernetes:helm.sh/v3:Release"
JOB = "kubernetes:batch/v1:Job"
HOST = "airflow.your-company.com"
SHARED = {"namespace": "airflow", "sharesNamespace": True}
TWO = [
    {"name": "main", **SHARED, "host": HOST, "path": "/main", "image": {"own": True}},
    {
        "name": "batch",
        **SHARED,
        "host": HOST,
        "path": "/batch",
        "image": {"own": True},
        "executor": "CeleryExecutor",
        "celery": {"broker": "rabbitmq", "flower": True, "keda": {"maxWorkers": 3}},
    },
]


NAMED = (
    "fernetKeySecretName",
    "jwtSecretName",
    "apiSecretKeySecretName",
    "metadataSecretName",
    "brokerUrlSecretName",
    "resultBackendSecretName",
)


def _at(resource: Resource) -> str:
    return str(resource.inputs["metadata"].get("namespace"))


@pytest.fixture(scope="module")
def two(plan: PlanOf) -> Plan:
    """One release with pods for tasks and one with Celery, in one namespace and on one host."""
    return plan("integration", ".", f"releases={json.dumps(TWO)}")


def _one(plan: Plan, kind: str, name: str) -> Resource:
    (found,) = [one for one in plan if one.type == kind and one.name == name]
    return found


def _env(container: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {item["name"]: item for item in container.get("env") or []}


def test_the_invariants_hold_for_two_releases_in_one_namespace(two: Plan) -> None:
    assert broken(two) == []


@pytest.mark.guarantee("every Secret that is named is there")
def test_every_secret_that_values_name_is_in_the_plan(plan: PlanOf) -> None:
    hostless = [{key: value for key, value in one.items() if key not in ("host", "image")} for one in TWO]
    made = plan("local", ".", f"releases={json.dumps(hostless)}")
    secrets = {
        one.inputs["metadata"]["name"] for one in made.of_type("kubernetes:core/v1:Secret") if _at(one) == "airflow"
    }
    for release in [one for one in made.of_type(RELEASE) if one.inputs["namespace"] == "airflow"]:
        values = release.inputs["values"]
        named = {value for path, value in leaves(values) if path[-1] in ("secretName", *NAMED) and value}
        named |= {
            item["valueFrom"]["secretKeyRef"]["name"] for item in values["scheduler"]["env"] if "valueFrom" in item
        }
        assert len(named) >= 4
        assert named <= secrets


def test_each_repository_of_a_bundle_has_a_connection_of_its_own(plan: PlanOf) -> None:
    asked = {"auth": "token", "subPath": ""}
    repositories = [
        {"name": "data-eng", "repository": "https://github.com/acme/dags.git", "user": "x-access-token", **asked},
        {"name": "science", "repository": "https://gitlab.com/acme/dags.git", "user": "oauth2", **asked},
    ]
    releases = [{"name": "main", "dags": {"kind": "bundle", "repositories": repositories}}]
    made = plan("local", ".", f"releases={json.dumps(releases)}")
    values = _one(made, RELEASE, "main").inputs["values"]
    bundles = json.loads(values["config"]["dag_processor"]["dag_bundle_config_list"])
    named = {one["name"]: one["kwargs"]["git_conn_id"] for one in bundles}
    assert named == {"data-eng": "git_data_eng", "science": "git_science"}
    secrets = {one["envName"]: one["secretName"] for one in values["secret"]}
    assert secrets.keys() == {"AIRFLOW_CONN_GIT_DATA_ENG", "AIRFLOW_CONN_GIT_SCIENCE"}
    assert len(set(secrets.values())) == 2


@pytest.mark.guarantee("every connection to the database is verified", "no task holds a key of the control plane")
def test_own_pods_with_the_database_verify_it_and_hold_no_other_key(plan: PlanOf) -> None:
    seen = 0
    for resource in plan("local"):
        if resource.package != "kubernetes" or resource.type == RELEASE:
            continue
        for spec in pod_specs(resource.inputs):
            for container in spec["containers"]:
                env = _env(container)
                assert "AIRFLOW__API_AUTH__JWT_SECRET" not in env
                if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in env and "ROLES" not in env:
                    continue
                seen += 1
                assert env["PGSSLMODE"]["value"] == "verify-full"
                assert env["PGSSLROOTCERT"]["value"] == "/etc/postgres-ca/ca.crt"
                assert "/etc/postgres-ca" in {mount["mountPath"] for mount in container["volumeMounts"]}
                assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert seen >= 5, "bootstrap, migration, sync, cleanup and the rotation of keys"


@pytest.mark.guarantee("the database administrator's password stands apart")
def test_the_administrators_password_is_in_a_namespace_without_releases(plan: PlanOf) -> None:
    made = plan("local")
    releases = {one.inputs["namespace"] for one in made.of_type(RELEASE)}
    admin = _one(made, "kubernetes:core/v1:Secret", "database-admin")
    assert admin.inputs["metadata"]["namespace"] not in releases
    for job in made.of_type(JOB):
        holds = any(
            "PGPASSWORD" in _env(container) for spec in pod_specs(job.inputs) for container in spec["containers"]
        )
        assert holds == (job.inputs["metadata"]["namespace"] not in releases)


@pytest.mark.guarantee("a migration that fails")
def test_release_and_sync_follow_bootstrap_and_migration(two: Plan) -> None:
    for name in ("main", "batch"):
        bootstrap, migration, sync = (_one(two, JOB, f"{name}-{job}") for job in ("database", "migration", "sync"))
        release = _one(two, RELEASE, name)
        assert bootstrap.urn in two.reach(migration.urn)
        assert migration.urn in two.reach(sync.urn)
        assert migration.urn in two.reach(release.urn)
        assert sync.urn not in two.reach(release.urn)  # settings arrive while the pods start
        assert bootstrap.inputs["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}


@pytest.mark.guarantee("nothing waits that need not")
def test_nothing_waits_that_need_not(two: Plan) -> None:
    bootstrap = two.reach(_one(two, JOB, "main-database").urn)
    assert not [urn for urn in bootstrap if "helm.sh" in urn]
    first, second = (two.reach(_one(two, RELEASE, name).urn) for name in ("main", "batch"))
    assert not [urn for urn in first if urn.endswith(("::batch", "batch-database"))]
    assert not [urn for urn in second if urn.endswith(("::main-database", "main-migration"))]
    # The chart needs no load balancer: it and the ingress controller come up side by side.
    assert not [urn for urn in first if "platform" in urn and "helm.sh" in urn]


@pytest.mark.guarantee("certificates have an issuer")
def test_releases_on_one_host_share_its_certificate(two: Plan) -> None:
    ingresses = {one.name: one.inputs for one in two.of_type("kubernetes:networking.k8s.io/v1:Ingress")}
    main, batch = ingresses["main"], ingresses["batch"]
    assert main["spec"]["tls"] == batch["spec"]["tls"]
    asking = [
        name
        for name in ("main", "batch")
        if "cert-manager.io/cluster-issuer" in (ingresses[name]["metadata"].get("annotations") or {})
    ]
    assert asking == ["main"], "a second certificate for the host would count against the CA's limit"
    paths = [path["path"] for path in batch["spec"]["rules"][0]["http"]["paths"]]
    assert paths == ["/batch/flower", "/batch"]


@pytest.mark.guarantee("a webhook that does not answer yet")
def test_an_ingress_comes_after_its_release_and_the_controller(two: Plan) -> None:
    for name in ("main", "batch"):
        waits = two.reach(_one(two, "kubernetes:networking.k8s.io/v1:Ingress", name).urn)
        assert _one(two, RELEASE, name).urn in waits
        assert [urn for urn in waits if "platform" in urn.lower() and "helm.sh" in urn]


def test_scaling_waits_for_its_operator_and_its_target(two: Plan) -> None:
    (scaled,) = two.of_type("kubernetes:keda.sh/v1alpha1:ScaledObject")
    waits = two.reach(scaled.urn)
    assert {_one(two, RELEASE, "batch").urn, _one(two, RELEASE, "keda").urn} <= waits
    values = _one(two, RELEASE, "keda").inputs["values"]
    assert values["volumes"]["keda"]["extraVolumeMounts"][0]["mountPath"] == "/etc/postgres-ca"
    assert scaled.inputs["spec"]["scaleTargetRef"]["name"] == "batch-worker"


def test_one_namespace_one_quota_for_both(two: Plan) -> None:
    (quota,) = [
        one
        for one in two.of_type("kubernetes:core/v1:ResourceQuota")
        if one.inputs["metadata"]["namespace"] == "airflow"
    ]
    assert quota.inputs["spec"]["hard"] == {"requests.cpu": "32", "requests.memory": "96Gi", "pods": "120"}


def test_a_log_that_dies_with_its_pod_is_warned_of(plan: PlanOf) -> None:
    release = [{"name": "main", "logs": {"kind": "pod"}}]
    warnings = plan("local", ".", f"releases={json.dumps(release)}").warnings
    assert any("dies with its pod" in line for line in warnings)


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ({}, "has no DAGs"),
        ({"image": {"own": True}}, "image.own"),
        ({"image": {"own": True, "repository": "registry.your-company.com/airflow"}}, ""),
        ({"dags": {"kind": "share"}}, ""),
    ],
)
def test_what_runs_no_dag_or_another_image_is_warned_of(plan: PlanOf, release: dict[str, Any], said: str) -> None:
    config = [f"releases={json.dumps([{'name': 'main', **release}])}"]
    if "image" in release:
        config.append('cloud.registry={"url":"registry.your-company.com"}')
    warnings = plan("local", ".", *config).warnings
    assert [line for line in warnings if "release main" in line] == [line for line in warnings if said and said in line]
    assert any(said in line for line in warnings) or not said


@pytest.mark.guarantee("a chart repository that is down")
def test_a_local_archive_takes_the_place_of_the_repository(plan: PlanOf, tmp_path: Path) -> None:
    archive = chart(tmp_path, versions.AIRFLOW_CHART)
    (release,) = plan("local", ".", f"airflowChart={archive}").of_type(RELEASE)
    assert release.inputs["chart"] == str(archive)
    assert "repositoryOpts" not in release.inputs


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"logs": {"kind": "pod"}}, "replaced"),
        ({"celery": {"broker": "redis", "storageClass": "fast"}}, "replaced"),
        ({"celery": {"broker": "redis", "volumeGib": 9}}, "replaced"),
        ({"celery": {"broker": "redis", "concurrency": 9}}, "changed"),
    ],
)
def test_what_helm_cannot_upgrade_is_planned_as_a_replacement(plan: PlanOf, change: dict[str, Any], kind: str) -> None:
    base = {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis"}, "logs": {"kind": "share"}}
    before, after = (plan("local", ".", f"releases={json.dumps([one])}") for one in (base, {**base, **change}))
    assert [one.resource.name for one in diff.compare(before, after).of_kind(kind) if one.resource.type == RELEASE] == [
        "main"
    ]


def test_without_celery_another_home_for_logs_is_an_upgrade(plan: PlanOf) -> None:
    before, after = (
        plan("local", ".", f"releases={json.dumps([{'name': 'main', 'logs': {'kind': kind}}])}")
        for kind in ("share", "pod")
    )
    assert not [one for one in diff.compare(before, after).of_kind("replaced") if one.resource.type == RELEASE]


def test_braces_of_an_option_are_escaped_for_the_chart_and_not_for_our_own_jobs(plan: PlanOf) -> None:
    log = "dag_id={{ ti.dag_id }}.log"
    releases = [{"name": "main", "config": {"logging": {"log_filename_template": log}}}]
    made = plan("local", ".", f"releases={json.dumps(releases)}")
    assert "{{ ti" not in _one(made, RELEASE, "main").inputs["values"]["config"]["logging"]["log_filename_template"]
    jobs = [job for job in made.of_type("kubernetes:batch/v1:Job") if "migration" in job.name]
    env = [_env(container) for job in jobs for spec in pod_specs(job.inputs) for container in spec["containers"]]
    assert [one["AIRFLOW__LOGGING__LOG_FILENAME_TEMPLATE"]["value"] for one in env] == [log]


@pytest.mark.parametrize("folder", [".", "examples/azure"])
def test_no_pod_carries_a_connection_by_a_name_that_dags_use(plan: PlanOf, folder: str) -> None:
    """The environment beats the settings, the UI and a vault: a team's own `aws_default` would never be read."""
    values = _one(plan("production", folder), RELEASE, "main").inputs["values"]
    carried = {one["name"] for one in values["env"] if one["name"].startswith("AIRFLOW_CONN_")}
    assert carried == {f"AIRFLOW_CONN_{LOGS_CONNECTION.upper()}"}
    assert values["config"]["logging"]["remote_log_conn_id"] == LOGS_CONNECTION


@pytest.mark.parametrize("stacks", [".", "examples/azure"])
def test_each_cloud_says_what_its_pools_have(stacks: str, plan: PlanOf) -> None:
    told = "\n".join(plan("production", stacks, "figures={tasks: {parallelism: 4000}}").warnings)
    assert "its node pool has" in told
