"""The Slack bot in a plan."""

from typing import Any

import pytest

from bot.settings import BotSettings, load
from infra.preview.model import Plan, Resource
from tests.program.invariants import broken
from tests.program.platform_site import plan
from tests.program.stacks import SECRET
from tests.unit.stacks import LOCAL, problems

ON: dict[str, Any] = {
    "state": "on",
    "repository": "acme/airflow",
    "channels": ["C0123456789"],
    "users": ["U0123456789", "U0123456780"],
    "image": {"repository": "registry.acme.org/airflow-bot", "tag": "1f3c9ab"},
}
DEPLOYMENT, SECRETS = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Secret"
CLAIM, POLICY = "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:networking.k8s.io/v1:NetworkPolicy"


@pytest.fixture(scope="module")
def made() -> Plan:
    return plan({"bot": {**ON, "delivery": "circleci"}})


def spec(made: Plan) -> Any:
    (deployment,) = made.of_type(DEPLOYMENT)
    return deployment.inputs["spec"]


def in_namespace(made: Plan, type_: str) -> list[Resource]:
    return [one for one in made.of_type(type_) if one.inputs["metadata"].get("namespace") == "airflow-test-bot"]


def test_the_plan_keeps_the_invariants(made: Plan) -> None:
    assert broken(made) == []


def test_one_pod_that_is_replaced_and_never_doubled(made: Plan) -> None:
    assert spec(made)["replicas"] == 1
    assert spec(made)["strategy"] == {"type": "Recreate"}
    pod = spec(made)["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    (account,) = in_namespace(made, "kubernetes:core/v1:ServiceAccount")
    assert account.inputs["automountServiceAccountToken"] is False
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_its_environment_is_what_the_bot_reads(made: Plan) -> None:
    (container,) = spec(made)["template"]["spec"]["containers"]
    given = {one["name"]: one.get("value", "xoxb-by-secret") for one in container["env"]}
    assert {name.lower() for name in given} <= BotSettings.model_fields.keys()
    settings = load(given)
    assert (settings.delivery, settings.repository) == ("circleci", "acme/airflow")
    assert (settings.channels, settings.users) == (("C0123456789",), ("U0123456789", "U0123456780"))
    (mount,) = container["volumeMounts"]
    assert settings.state_file.startswith(f"{mount['mountPath']}/")
    assert not mount.get("readOnly")


@pytest.mark.guarantee("secrets are secret")
def test_its_tokens_stand_in_a_secret_alone(made: Plan) -> None:
    (container,) = spec(made)["template"]["spec"]["containers"]
    by_secret = {one["name"] for one in container["env"] if "valueFrom" in one}
    assert by_secret == {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DELIVERY_TOKEN", "CIRCLECI_TOKEN"}
    (secret,) = in_namespace(made, SECRETS)
    assert secret.inputs["stringData"] == SECRET


def test_what_it_follows_survives_its_pod(made: Plan) -> None:
    (claim,) = in_namespace(made, CLAIM)
    (volume,) = spec(made)["template"]["spec"]["volumes"]
    assert "persistentVolumeClaim" in volume
    assert claim.urn in made.reach(made.of_type(DEPLOYMENT)[0].urn)


def test_nothing_comes_in_and_only_https_and_dns_go_out(made: Plan) -> None:
    policies = [one.inputs["spec"] for one in in_namespace(made, POLICY)]
    assert not [one for one in policies if one.get("ingress")]
    ports = {port["port"] for one in policies for rule in one.get("egress") or [] for port in rule["ports"]}
    assert ports == {53, 443}


def test_it_is_off_by_default() -> None:
    assert plan().of_type(DEPLOYMENT, CLAIM) == ()


def test_a_bot_that_lacks_what_it_needs_is_refused_whole() -> None:
    keys = problems({**LOCAL, "platform": {**LOCAL["platform"], "bot": "on"}})
    assert set(keys) == {f"airflow:platform.bot.{key}" for key in ("repository", "channels", "users", "image")}
    bad = {**ON, "channels": ["#airflow"], "image": {**ON["image"], "tag": "latest"}}
    keys = problems({**LOCAL, "platform": {**LOCAL["platform"], "bot": bad}})
    assert set(keys) >= {"airflow:platform.bot.channels[0]", "airflow:platform.bot.image.tag"}
