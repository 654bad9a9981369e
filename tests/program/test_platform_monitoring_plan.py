"""Monitoring, chaos and KEDA in a plan."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.preview.model import Plan, Resource
from tests.program.invariants import broken
from tests.program.platform_site import plan
from tests.program.stacks import SECRET

RELEASE = "kubernetes:helm.sh/v3:Release"
NAMESPACE = "kubernetes:core/v1:Namespace"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
ALERTS = {
    "slack": {"channel": "#airflow"},
    "email": {"to": ["data@acme.org"], "sender": "alerts@acme.org", "host": "smtp.acme.org", "user": "alerts"},
}


def one(made: Plan, type_: str, name: str) -> Resource:
    return next(resource for resource in made.of_type(type_) if resource.name == name)


def container(deployment: Resource) -> Mapping[str, Any]:
    return deployment.inputs["spec"]["template"]["spec"]["containers"][0]


@pytest.fixture(scope="module")
def watched() -> Plan:
    return plan({"monitoring": {"state": "on", "alerts": ALERTS}})


def test_the_plan_keeps_the_invariants(watched: Plan) -> None:
    assert broken(watched) == []


@pytest.mark.guarantee("every Secret that is named is there")
def test_grafana_and_alertmanager_name_secrets_that_are_in_the_plan(watched: Plan) -> None:
    values = one(watched, RELEASE, "monitoring").inputs["values"]
    names = {values["grafana"]["admin"]["existingSecret"], *values["alertmanager"]["alertmanagerSpec"]["secrets"]}
    secrets = {made.inputs["metadata"]["name"]: made for made in watched.of_type("kubernetes:core/v1:Secret")}
    assert names == {"airflow-test-grafana", "airflow-test-alerts"}
    for name in names:
        assert secrets[name].inputs["metadata"]["namespace"] == "airflow-test-monitoring"
        assert secrets[name].inputs["stringData"] == SECRET
        assert secrets[name].urn in one(watched, RELEASE, "monitoring").depends_on


@pytest.mark.guarantee("namespaces have a level")
def test_only_what_reads_the_node_is_privileged_and_it_says_why(watched: Plan) -> None:
    levels = {
        made.name: made.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for made in watched.of_type(NAMESPACE)
    }
    assert {name for name, level in levels.items() if level != "restricted"} == {"node-exporter"}
    reason = one(watched, NAMESPACE, "node-exporter").inputs["metadata"]["annotations"]["airflow-platform/reason"]
    assert "node" in reason


def test_every_release_and_every_part_is_scraped(watched: Plan) -> None:
    monitors = {made.name.removeprefix("podmonitor-"): made.inputs["spec"] for made in watched.of_type(MONITOR)}
    assert monitors.keys() == {"airflow-main", "airflow-other", "database", "ingress", "cert-manager"}
    assert monitors["airflow-main"]["selector"]["matchLabels"] == {
        "tier": "airflow",
        "component": "statsd",
        "release": "main",
    }
    assert monitors["airflow-main"]["namespaceSelector"]["matchNames"] == ["airflow-main"]


def test_the_rules_know_this_stacks_releases_and_the_size_of_its_database(watched: Plan) -> None:
    groups = one(watched, RULE, "prometheusrule-airflow").inputs["spec"]["groups"]
    facts = {(rule["record"], rule.get("labels", {}).get("release")): rule["expr"] for rule in groups[0]["rules"]}
    del facts["airflow:cronjob", None]  # looked at below
    assert facts == {
        ("airflow:expected", "main"): "vector(1)",
        ("airflow:expected", "other"): "vector(1)",
        ("airflow:database_storage_limit_bytes", None): f"vector({128 * 1024**3})",
    }


@pytest.mark.parametrize(
    ("stack", "database", "limit"),
    [
        ("production", None, 512),
        ("local", None, 10),
        ("local", {"kind": "external", "host": "db.acme.org", "caFile": "infra/cloud/azure/database_roots.pem"}, None),
    ],
)
def test_the_databases_limit_is_its_own_volumes(
    request: pytest.FixtureRequest, stack: str, database: Mapping[str, Any] | None, limit: int | None
) -> None:
    over = ["platform.monitoring.state=on"] if stack == "production" else ["platform.monitoring=on"]
    over += [f"cloud.database={json.dumps(database)}"] if database else []
    made = request.getfixturevalue("plan")(stack, ".", *over)
    groups = one(made, RULE, "prometheusrule-airflow").inputs["spec"]["groups"]
    facts = {rule["record"]: rule["expr"] for rule in groups[0]["rules"]}
    assert facts.get("airflow:database_storage_limit_bytes") == (f"vector({limit * 1024**3})" if limit else None)


def test_the_database_is_watched_with_a_releases_own_role_over_verified_tls(watched: Plan) -> None:
    main = container(one(watched, DEPLOYMENT, "database-main"))
    env = {item["name"]: item["value"] for item in main["env"]}
    assert env["DATA_SOURCE_USER"] in ("airflow_main__a", "airflow_main__b")
    assert env["DATA_SOURCE_URI"].endswith("/airflow_main?sslmode=verify-full&sslrootcert=/etc/exporter/ca.pem")
    assert env["DATA_SOURCE_PASS_FILE"] == "/run/secrets/database/password"
    assert {mount["mountPath"] for mount in main["volumeMounts"]} == {"/etc/exporter", "/run/secrets/database"}


def test_an_existing_prometheus_gets_the_objects_alone_with_its_labels() -> None:
    labels = {"release": "company"}
    made = plan({"monitoring": {"state": "existing", "existingNamespace": "observe", "existingLabels": labels}})
    assert "monitoring" not in {release.name for release in made.of_type(RELEASE)}
    assert made.of_type(MONITOR)
    for custom in (*made.of_type(MONITOR), *made.of_type(RULE)):
        assert custom.inputs["metadata"]["labels"]["release"] == "company"
    assert broken(made) == []


def test_monitoring_off_leaves_nothing_behind() -> None:
    assert plan({"monitoring": "off"}).of_type(MONITOR, RULE, DEPLOYMENT) == ()


def test_production_without_a_receiver_is_warned_of() -> None:
    platform = {"ingress": "off", "certificates": "off", "dns": "off", "monitoring": "on"}
    (warning,) = plan(platform, tier="production").warnings
    assert "reach nobody" in warning
    assert plan({**platform, "monitoring": {"state": "on", "alerts": ALERTS}}, tier="production").warnings == ()


@pytest.fixture(scope="module")
def unsettled() -> Plan:
    quiet = {"quietTimes": ["22:00-08:00", "12:00-13:00"], "quietWeekdays": ["Sat", "Sun"], "timezone": "Europe/Berlin"}
    return plan({"chaos": {"state": "on", "releases": ["main"], **quiet}})


def test_chaos_keeps_the_invariants(unsettled: Plan) -> None:
    assert broken(unsettled) == []


def test_chaos_kills_one_scheduler_every_five_minutes_for_real(unsettled: Plan) -> None:
    (killer,) = unsettled.of_type(DEPLOYMENT)
    assert container(killer)["args"] == [
        "--no-dry-run",
        "--interval=5m",
        "--max-kill=1",
        "--labels=component=scheduler,release=main",
        "--namespaces=airflow-main",
        "--client-namespace-scope=airflow-main",
        "--timezone=Europe/Berlin",
        "--excluded-times-of-day=22:00-08:00,12:00-13:00",
        "--excluded-weekdays=Sat,Sun",
        "--metrics-address=:8080",
        "--log-format=json",
    ]


def test_chaos_may_delete_pods_of_its_release_and_nothing_else(unsettled: Plan) -> None:
    (role,) = unsettled.of_type("kubernetes:rbac.authorization.k8s.io/v1:Role")
    assert role.inputs["metadata"]["namespace"] == "airflow-main"
    assert role.inputs["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
    ]
    assert [made.type for made in unsettled if "ClusterRole" in made.type] == []


def test_chaos_comes_after_its_release_and_goes_before_it(unsettled: Plan) -> None:
    release = one(unsettled, "kubernetes:core/v1:ConfigMap", "release-main")
    (killer,) = unsettled.of_type(DEPLOYMENT)
    assert release.urn in unsettled.reach(killer.urn)


def test_what_chaos_may_do_stands_ready_before_its_release(unsettled: Plan) -> None:
    release = one(unsettled, "kubernetes:core/v1:ConfigMap", "release-main")
    namespace = one(unsettled, "kubernetes:core/v1:Namespace", "airflow-main")
    for made in ("rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1:RoleBinding"):
        reached = unsettled.reach(one(unsettled, f"kubernetes:{made}", "chaos-main").urn)
        assert namespace.urn in reached
        assert release.urn not in reached


def test_keda_is_there_where_a_release_asks_for_it() -> None:
    celery = {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {}}}
    made = plan(releases=[celery])
    keda = one(made, RELEASE, "keda")
    assert made.outputs["scaling"] == [keda.urn]
    assert broken(made) == []
    assert "keda" not in {release.name for release in plan().of_type(RELEASE)}
    existing = plan({"keda": "existing"}, releases=[celery])
    assert "keda" not in {release.name for release in existing.of_type(RELEASE)}
