"""The platform in a plan: what is there, in what order, and what the preview says about it."""

from typing import Any

import pytest

from infra.preview.model import Plan, Resource
from infra.settings.platform_rules import hosts_of
from tests.program.invariants import broken
from tests.program.platform_site import plan, settings

RELEASE = "kubernetes:helm.sh/v3:Release"
ISSUER = "kubernetes:cert-manager.io/v1:ClusterIssuer"
ACME = {"issuer": "letsencrypt-staging", "email": "data@acme.org"}


def one(made: Plan, type_: str, name: str) -> Resource:
    return next(resource for resource in made.of_type(type_) if resource.name == name)


@pytest.fixture(scope="module", params=["nginx", "traefik"])
def acme(request: pytest.FixtureRequest) -> Plan:
    return plan({"ingress": {"controller": request.param}, "certificates": ACME})


def test_the_plan_keeps_the_invariants(acme: Plan) -> None:
    assert broken(acme) == []


@pytest.mark.guarantee("a webhook that does not answer yet", "nothing is deleted before what needs it")
def test_what_a_release_waits_for_and_what_goes_after_it(acme: Plan) -> None:
    """`up` makes the right of each pair first, `destroy` the left."""
    ingress = next(release for release in acme.of_type(RELEASE) if release.name != "cert-manager")
    cert_manager = one(acme, RELEASE, "cert-manager")
    issuer = one(acme, ISSUER, "letsencrypt-staging")
    waiting = one(acme, "kubernetes:core/v1:ConfigMap", "waits-like-an-ingress")
    record = one(acme, "kubernetes:core/v1:ConfigMap", "record-airflow.data.acme.org")
    namespace = one(acme, "kubernetes:core/v1:Namespace", ingress.name)
    policies = acme.of_type("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    pairs = [(waiting, ingress), (waiting, issuer), (waiting, record), (issuer, ingress), (issuer, cert_manager)]
    pairs += [(record, ingress), (ingress, cert_manager), (ingress, namespace)]
    pairs += [(ingress, policy) for policy in policies if policy.name.startswith(f"{ingress.name}-")]
    for later, earlier in pairs:
        assert earlier.urn in acme.reach(later.urn), f"{later.name} does not wait for {earlier.name}"
        assert later.urn not in acme.reach(earlier.urn)
    assert issuer.inputs["metadata"]["annotations"]["pulumi.com/waitFor"] == "condition=Ready"


def test_each_host_has_one_record_at_an_address_that_is_not_known_yet(acme: Plan) -> None:
    records = [made for made in acme.of_type("kubernetes:core/v1:ConfigMap") if made.name.startswith("record-")]
    assert [made.name.removeprefix("record-") for made in records] == list(hosts_of(settings()))
    assert {str(made.inputs["data"]["address"]) for made in records} == {str({"$unknown": True})}


def test_an_own_ca_is_made_before_the_issuer_that_signs_with_it() -> None:
    made = plan({"certificates": {"issuer": "own-ca"}})
    issuer, root = one(made, ISSUER, "own-ca"), one(made, ISSUER, "own-ca-root")
    certificate = one(made, "kubernetes:cert-manager.io/v1:Certificate", "own-ca")
    assert {certificate.urn, root.urn} <= made.reach(issuer.urn)
    assert certificate.inputs["spec"]["secretName"] == issuer.inputs["spec"]["ca"]["secretName"]
    assert made.outputs["issuer"] == "own-ca"


def test_dns01_gives_cert_manager_an_identity_of_its_own() -> None:
    made = plan({"certificates": {**ACME, "challenge": "dns01"}})
    account = one(made, "kubernetes:core/v1:ServiceAccount", "cert-manager")
    assert "cloud/role" in account.inputs["metadata"]["annotations"]
    release = one(made, RELEASE, "cert-manager")
    assert release.inputs["values"]["podLabels"] == {"cloud/use": "true"}
    assert any("identity-cert-manager" in urn for urn in release.depends_on)
    assert broken(made) == []


@pytest.mark.parametrize(
    ("platform", "tier", "text"),
    [
        ({"ingress": {"controller": "nginx"}}, "integration", "ingress-nginx is retired"),
        ({"ingress": {"controller": "traefik"}, "certificates": ACME}, "production", "browsers will refuse"),
    ],
)
@pytest.mark.guarantee("staging certificates in production")
def test_a_warning_is_said_once(platform: dict[str, Any], tier: str, text: str) -> None:
    warnings = plan(platform, tier=tier).warnings
    assert len(warnings) == 1
    assert text in warnings[0]


def test_parts_that_exist_or_are_off_leave_nothing_behind() -> None:
    existing = {"state": "existing", "existingAddress": "lb.acme.org", "className": "company"}
    made = plan({"ingress": existing, "certificates": {"state": "existing", "existingIssuer": "company-ca"}})
    assert made.of_type(RELEASE, ISSUER) == ()
    assert (made.outputs["issuer"], made.outputs["class"]) == ("company-ca", "company")
    record = one(made, "kubernetes:core/v1:ConfigMap", "record-airflow.data.acme.org")
    assert record.inputs["data"]["address"] == "lb.acme.org"
    off = plan({"ingress": "off", "certificates": "off", "dns": "off"})
    spaces = {one.name for one in off.of_type("kubernetes:core/v1:Namespace")}
    assert spaces == {"airflow-main", "airflow-other"}, "the releases' own"
    assert {one.type for one in off if one.package == "kubernetes" and not one.name.startswith(tuple(spaces))} <= {
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:scheduling.k8s.io/v1:PriorityClass",
        "pulumi:providers:kubernetes",
    }


@pytest.mark.parametrize(
    ("address", "aws", "azure"),
    [
        ("192.0.2.7", {"type": "A", "records": ["192.0.2.7"]}, {"recordType": "A", "aRecords": "192.0.2.7"}),
        ("lb.acme.org", {"type": "CNAME", "records": ["lb.acme.org"]}, {"recordType": "CNAME", "cnameRecord": "lb.ac"}),
    ],
)
def test_an_existing_controller_has_a_plain_record(
    request: pytest.FixtureRequest, address: str, aws: dict[str, Any], azure: dict[str, Any]
) -> None:
    """Its address is no load balancer of ours: an alias of one would be refused, and so would a name as an A record."""
    whole = request.getfixturevalue("plan")
    ingress = f'platform.ingress={{"state":"existing","className":"company","existingAddress":"{address}"}}'
    (record,) = whole("integration", ".", ingress).of_type("aws:route53/record:Record")
    assert record.inputs.items() >= aws.items()
    assert not record.inputs.get("aliases")
    (record,) = whole("integration", "examples/azure", ingress).of_type("azure-native:dns:RecordSet")
    assert {key for key in ("aRecords", "cnameRecord") if key in record.inputs} < azure.keys()
    assert all(str(record.inputs[key]).find(value) >= 0 for key, value in azure.items())


def test_a_new_controller_stands_beside_the_old_one_until_nobody_needs_that() -> None:
    """The engine makes what is new before it deletes what is old: no object of the two may have one name."""

    def objects(controller: str) -> set[tuple[str, str, str]]:
        made = plan({"ingress": {"controller": controller}})
        inputs = [one.inputs for one in made if one.custom and "airflow:platform:Ingress$" in one.urn]
        own = [one["metadata"] for one in inputs if "metadata" in one]
        (helm,) = [one for one in inputs if "chart" in one]
        spaces = {("", "", one["name"]) for one in own if "namespace" not in one}
        policies = {("policy", one["namespace"], one["name"]) for one in own if "namespace" in one}
        cluster_wide = {("", "", helm["values"]["fullnameOverride"]), ("class", "", str(made.outputs["class"]))}
        return spaces | policies | cluster_wide | {("release", helm["namespace"], helm["name"])}

    nginx, traefik = objects("nginx"), objects("traefik")
    assert len(nginx) > 5
    assert nginx & traefik == set()


@pytest.mark.guarantee("a certificate challenge in closed namespaces")
def test_the_controller_reaches_the_answer_to_a_challenge_in_a_releases_namespace(
    request: pytest.FixtureRequest,
) -> None:
    """Without it no certificate would be issued, and nothing but a timeout would say so."""
    made = request.getfixturevalue("plan")("integration")
    policy = next(one for one in made if one.name == "main-acme" and one.type.endswith(":NetworkPolicy"))
    spec = policy.inputs["spec"]
    assert spec["podSelector"]["matchLabels"] == {"acme.cert-manager.io/http01-solver": "true"}
    (rule,) = spec["ingress"]
    assert [port["port"] for port in rule["ports"]] == [8089]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] == "ingress-nginx"
    (out,) = one(made, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "ingress-nginx-backends").inputs["spec"][
        "egress"
    ]
    assert {port["port"] for port in out["ports"]} == {8080, 5555, 8089}
