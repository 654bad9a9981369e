"""Who may start pods, in which namespace, and what lies there: by the roles, policies and Secrets of whole plans."""

import json
import re
from typing import Any

import pytest

from infra.airflow import pod_policy
from infra.preview.model import Plan, Resource
from infra.settings import read
from tests.program.conftest import PlanOf
from tests.program.reading import one
from tests.program.stacks import SHIPPED, leaves
from tests.unit.stacks import LOCAL, flat

HELM = "kubernetes:helm.sh/v3:Release"
ROLE, BINDING = "kubernetes:rbac.authorization.k8s.io/v1:Role", "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
POLICY = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
NAMESPACE, SECRET = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:Secret"
CELERY = ('releases[0].executor="CeleryExecutor"', 'releases[0].celery={"broker": "redis"}')


def _at(resource: Resource) -> Any:
    return (resource.inputs.get("metadata") or {}).get("namespace")


def _launchers(plan: Plan, namespace: str) -> dict[str, set[str]]:
    """What the accounts of a release may do with pods there, by account."""
    found: dict[str, set[str]] = {}
    roles = {str(role.inputs["metadata"].get("name")): role for role in plan.of_type(ROLE) if _at(role) == namespace}
    for binding in plan.of_type(BINDING):
        role = str(binding.inputs["roleRef"]["name"])
        if _at(binding) != namespace or role not in roles:
            continue
        for rule in roles[role].inputs["rules"]:
            for subject in binding.inputs["subjects"]:
                rights = {f"{verb} {what}" for what in rule["resources"] for verb in rule["verbs"] if "pods" in what}
                found.setdefault(str(subject["name"]), set()).update(rights)
    return {name: rights for name, rights in found.items() if rights}


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
@pytest.mark.guarantee("only the scheduler starts pods beside Airflow")
def test_only_the_scheduler_starts_pods_beside_airflow(plan: PlanOf, stack: str, stacks: str) -> None:
    made = plan(stack, stacks)
    for release in [each for each in made.of_type(HELM) if each.inputs["chart"] == "airflow"]:
        beside = _launchers(made, release.inputs["namespace"])
        assert list(beside) == [f"{release.name}-scheduler"]
        assert "create pods/exec" not in beside[f"{release.name}-scheduler"]
        assert release.inputs["values"]["allowPodLaunching"] is False


@pytest.mark.guarantee("only the scheduler starts pods beside Airflow")
def test_without_pods_for_tasks_nothing_starts_any_beside_airflow(plan: PlanOf) -> None:
    made = plan("local", ".", *CELERY)
    assert _launchers(made, "airflow-main") == {}
    assert not made.of_type(POLICY)


@pytest.mark.parametrize(("stack", "stacks"), SHIPPED)
@pytest.mark.guarantee("a DAG's pods stand apart")
def test_what_dags_start_stands_apart(plan: PlanOf, stack: str, stacks: str) -> None:
    made = plan(stack, stacks)
    spaces = {one.inputs["metadata"]["name"]: one.inputs["metadata"] for one in made.of_type(NAMESPACE)}
    for release in [each for each in made.of_type(HELM) if each.inputs["chart"] == "airflow"]:
        apart = f"airflow--{release.name}"
        assert spaces[apart]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"
        assert "app.kubernetes.io/part-of" not in spaces[apart]["labels"], "by it the database is reached"
        assert [one for one in made.of_type(SECRET) if _at(one) == apart] == []
        assert sorted(_launchers(made, apart)) == [f"{release.name}-triggerer", f"{release.name}-worker"]
        kinds = {one.type.rpartition(":")[2] for one in made if _at(one) == apart}
        assert {"ResourceQuota", "LimitRange", "ServiceAccount", "NetworkPolicy"} <= kinds


def test_tasks_in_the_scheduler_start_pods_there_too(plan: PlanOf) -> None:
    made = plan("local", ".", 'releases[0].executor="LocalExecutor"')
    assert sorted(_launchers(made, "airflow--main")) == ["main-scheduler", "main-triggerer", "main-worker"]
    assert _launchers(made, "airflow-main") == {}


@pytest.mark.guarantee("a task's pod is no other pod")
def test_the_policy_stands_before_the_first_scheduler(plan: PlanOf) -> None:
    made = plan("local")
    waited = made.reach(one(made, HELM, "main").urn)
    for kind in (POLICY, f"{POLICY}Binding", ROLE, BINDING):
        assert {each.urn for each in made.of_type(kind) if each.name in ("main-task-pods", "main-dag-pods")} <= waited
    spec = one(made, POLICY).inputs["spec"]
    assert spec["failurePolicy"] == "Fail"
    assert one(made, f"{POLICY}Binding").inputs["spec"]["validationActions"] == ["Deny"]


@pytest.mark.guarantee("a task's pod is no other pod")
def test_a_task_names_its_own_secrets_alone(plan: PlanOf) -> None:
    mail = {"host": "mail.acme.org", "sender": "a@acme.org", "user": "a"}
    release = {"name": "main", "slack": True, "email": mail, "executor": "CeleryExecutor,KubernetesExecutor"}
    release |= {"celery": {"broker": "redis", "flower": True, "keda": {}}}
    made = plan("local", ".", f"releases={json.dumps([release])}")
    own = {one.name: one.inputs["metadata"]["name"] for one in made.of_type(SECRET) if _at(one) == "airflow-main"}
    pattern = re.compile(pod_policy.secret_pattern(read(flat({**LOCAL, "releases": [release]})).releases[0]))
    taken = {name.removeprefix("main-") for name, generated in own.items() if pattern.search(generated)}
    refused = {name.removeprefix("main-") for name in own} - taken
    assert taken == {"fernet", "api", "broker", "result", "connection-slack-default", "connection-smtp-default"}
    assert refused == {"jwt", "database", "admin", "settings", "keda", "flower", "broker-password"}


def test_what_the_stack_file_names_a_task_may_name(plan: PlanOf) -> None:
    values = {
        "workers": {
            "kubernetes": {
                "extraVolumes": [{"name": "x", "secret": {"secretName": "team-token"}}],
                "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "team-env", "key": "x"}}}],
            },
        },
        "extraEnvFrom": "- secretRef:\n    name: team-all\n",
    }
    more = {"values": values, "tasks": {"mayUse": {"secrets": ["team-more"], "serviceAccounts": ["team-reader"]}}}
    given = {"name": "main", **more}
    release = read(flat({**LOCAL, "releases": [given]})).releases[0]
    pattern = pod_policy.secret_pattern(release)
    for name in ("team-token", "team-env", "team-all", "team-more"):
        assert re.search(pattern, name)
        assert not re.search(pattern, f"{name}-x")
    spec = one(plan("local", ".", f"releases={json.dumps([given])}"), POLICY).inputs["spec"]
    assert any("team-reader" in rule["expression"] for rule in spec["validations"])


def test_no_releases_namespace_can_be_that_of_anothers_pods(plan: PlanOf) -> None:
    names = [one.inputs["metadata"]["name"] for one in plan("local").of_type(NAMESPACE)]
    assert [name for name in names if "--" in name] == ["airflow--main"]
    one_release = {**LOCAL, "releases": [{"name": "main", "namespace": "team"}]}
    assert read(flat(one_release)).releases[0].pods_namespace == "team--main"


def test_the_chart_gets_the_hook_after_a_releases_own_settings(plan: PlanOf) -> None:
    """The chart reads the value as a template: two opening braces would be one."""
    first = "def task_policy(task):\n    pass\n"
    values = plan("local", ".", f"releases[0].values={json.dumps({'airflowLocalSettings': first})}")
    text = one(values, HELM, "main").inputs["values"]["airflowLocalSettings"]
    assert text.index("task_policy") < text.index("POD_SETTINGS") < text.index("pod_mutation_hook")
    assert "{{" not in text
    assert ("airflow--main",) in {(value,) for _, value in leaves(json.loads(_stated(text)))}


def _stated(text: str) -> str:
    scope: dict[str, Any] = {}
    exec(next(line for line in text.splitlines() if line.startswith("POD_SETTINGS")), scope)
    return str(scope["POD_SETTINGS"])
