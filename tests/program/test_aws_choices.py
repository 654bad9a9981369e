"""What the settings of AWS let a stack choose, and what then is in its plan; every choice holds the invariants."""

import json
from typing import Any

import pytest

from infra.names import digest
from infra.preview.model import Plan
from tests.program import invariants, invariants_aws
from tests.program.aws_plans import SHARES, aws
from tests.program.conftest import PlanOf
from tests.program.invariants_aws_data import INSTANCE
from tests.program.reading import one, tampered, value
from tests.program.stacks import leaves

ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
GROUP = "aws:eks/nodeGroup:NodeGroup"
NAT = "aws:ec2/natGateway:NatGateway"
ROUTE = "aws:ec2/route:Route"
ZONES = "cloud.zones=[eu-west-1a, eu-west-1b]"
SNAPSHOT = "cloud.database.restoreFromSnapshot=rds:airflow-2026-11-20-01-07"
SUBNETS = '"privateSubnetIds": [subnet-1, subnet-2], "databaseSubnetIds": [subnet-3, subnet-4]'
EXISTING = (f'cloud.network={{"kind": "existing", "vpcId": "vpc-1", "cidr": "10.9.0.0/16", {SUBNETS}}}', ZONES)
PRIVATE = ("cloud.cluster.api=private", "cloud.cluster.apiAllowedCidrs=[10.99.0.0/16]")
API_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def nat(kind: str) -> str:
    return f'cloud.network={{"kind": "new", "nat": "{kind}"}}'


DATA_KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
CLUSTER_KEY = DATA_KEY.replace("key/1", "key/9")
KEYS = (f"cloud.keys.data={DATA_KEY}", f"cloud.keys.cluster={CLUSTER_KEY}")
VIEWER = "arn:aws:iam::123456789012:role/analysts"
#: What may be chosen beside the shipped files' own values.
CHOICES: dict[str, tuple[str, ...]] = {
    "existing VPC": EXISTING,
    "two zones": (ZONES,),
    "private API": PRIVATE,
    "private API in an existing VPC": (*EXISTING, *PRIVATE),
    "one NAT gateway": (nat("one"),),
    "NAT in each zone": (nat("per-zone"),),
    "tasks on spot": ("figures.aws.tasks.spot=true",),
    "restored": (SNAPSHOT,),
    "changes at once": ("cloud.database.applyImmediately=true",),
    "keys that are there": KEYS,
    "viewers": (f"cloud.cluster.viewers=[{VIEWER}]",),
    "sessions on nodes": ("cloud.cluster.sessionManager=true",),
    "own zone": ("platform.dns.state=on",),
    "records by hand": ("platform.dns.state=off",),
    "PostgreSQL 16": ("cloud.database.postgresMajor=16",),
    "another region": ("cloud.region=us-east-1", "cloud.zones=[us-east-1b, us-east-1d]"),
}


@pytest.mark.parametrize("stack", ["integration", "production"])
@pytest.mark.parametrize("choice", CHOICES)
@invariants_aws.AWS_PLANS
def test_every_choice_holds_the_invariants(plan: PlanOf, stack: str, choice: str) -> None:
    made = aws(plan, stack, *CHOICES[choice])
    assert invariants.broken(made) == []
    assert invariants_aws.broken(made) == []


def ways_out(plan: Plan) -> tuple[int, set[str]]:
    """NAT gateways, and by how many different ones the private subnets lead out."""
    private = [each for each in plan.of_type(ROUTE) if each.name.startswith("private")]
    assert len(private) == 3
    return len(plan.of_type(NAT)), {urn for each in private for urn in each.by_property["natGatewayId"]}


@pytest.mark.parametrize(
    ("stack", "given", "gateways"),
    [("production", (), 3), ("integration", (), 1), ("production", ("one",), 1), ("integration", ("per-zone",), 3)],
)
def test_a_zone_leads_out_by_its_own_gateway_or_by_one_for_all(
    plan: PlanOf, stack: str, given: tuple[str, ...], gateways: int
) -> None:
    made = aws(plan, stack, *map(nat, given))
    count, used = ways_out(made)
    assert count == len(used) == len(made.of_type("aws:ec2/eip:Eip")) == gateways


def test_keys_that_are_there_are_used_and_no_others_made(plan: PlanOf) -> None:
    made = aws(plan, "production", *KEYS, *SHARES)
    assert not made.of_type("aws:kms/key:Key", "aws:kms/alias:Alias")
    used = {text for each in made for path, text in leaves(each.inputs) if path[-1:] and "kmskey" in path[-1].lower()}
    assert used == {DATA_KEY}
    (cluster,) = made.of_type(invariants_aws.CLUSTER)
    assert value(cluster, "encryptionConfig.provider.keyArn") == CLUSTER_KEY


def test_viewers_see_and_change_nothing(plan: PlanOf) -> None:
    made = aws(plan, "production", f"cloud.cluster.viewers=[{VIEWER}]")
    given = {each.inputs["principalArn"]: each.inputs["policyArn"] for each in made.of_type(ASSOCIATION)}
    assert given.pop(VIEWER).endswith("/AmazonEKSViewPolicy")
    assert {arn.rpartition("/")[2] for arn in given.values()} == {"AmazonEKSClusterAdminPolicy"}


@pytest.mark.parametrize("stack", ["integration", "production"])
def test_sessions_on_nodes_are_had_where_asked_for_alone(plan: PlanOf, stack: str) -> None:
    def policies(*given: str) -> set[str]:
        attached = aws(plan, stack, *given).of_type(ATTACHMENT)
        return {one.inputs["policyArn"].rpartition("/")[2] for one in attached if one.name.startswith("nodes-")}

    assert policies("cloud.cluster.sessionManager=true") - policies() == {"AmazonSSMManagedInstanceCore"}


@pytest.mark.parametrize("stack", ["integration", "production"])
def test_cluster_dns_grows_with_the_cluster(plan: PlanOf, stack: str) -> None:
    addon = one(aws(plan, stack), "aws:eks/addon:Addon", "coredns")
    scaling = json.loads(addon.inputs["configurationValues"])["autoScaling"]
    assert scaling == {"enabled": True, "minReplicas": 2, "maxReplicas": 10}


def test_nodes_may_stay_behind_while_a_new_control_plane_settles(plan: PlanOf) -> None:
    soak = ("cloud.cluster.kubernetesVersion='1.36'", "cloud.cluster.nodesVersion='1.35'")
    made = aws(plan, "production", *soak)
    assert one(made, invariants_aws.CLUSTER).inputs["version"] == "1.36"
    assert {each.inputs["version"] for each in made.of_type(GROUP)} == {"1.35"}
    autoscaler = one(made, "kubernetes:helm.sh/v3:Release", "autoscaler")
    assert autoscaler.inputs["values"]["image"]["tag"].startswith("v1.36.")
    assert any("1.36 is later" in warning for warning in made.warnings)  # ingress-nginx, and no refusal


def test_tasks_run_on_spot_and_airflow_itself_does_not(plan: PlanOf) -> None:
    made = aws(plan, "production", "figures.aws.tasks.spot=true")
    assert {each.name: each.inputs["capacityType"] for each in made.of_type(GROUP)} == {
        "system": "ON_DEMAND",
        "tasks": "SPOT",
    }


@pytest.mark.guarantee("the database is safe on AWS")
def test_a_restored_database_is_a_new_one_beside_the_old(plan: PlanOf) -> None:
    before, after = one(aws(plan, "production"), INSTANCE), one(aws(plan, "production", SNAPSHOT), INSTANCE)
    assert after.urn == before.urn
    assert after.inputs["snapshotIdentifier"] == SNAPSHOT.partition("=")[2]
    assert digest(after.inputs["snapshotIdentifier"]) in after.inputs["identifier"]
    assert after.inputs["identifier"] != before.inputs["identifier"]
    # The snapshot's own key stays: another in the plan would replace the instance again and again.
    assert "kmsKeyId" in before.inputs
    assert "kmsKeyId" not in after.inputs
    assert after.inputs["storageEncrypted"] is True
    # Nor is it asked to go back to RDS's own choice of a version, or to another size.
    assert "engineVersion" not in after.inputs
    assert "allocatedStorage" not in after.inputs
    upgraded = one(aws(plan, "production", SNAPSHOT, "cloud.database.postgresVersion='17.6'"), INSTANCE)
    assert upgraded.inputs["engineVersion"] == "17.6"


def test_a_pinned_version_is_not_upgraded_behind_the_program(plan: PlanOf) -> None:
    for given, version, by_itself in ((), "17", True), (("cloud.database.postgresVersion='17.6'",), "17.6", False):
        instance = one(aws(plan, "production", *given), INSTANCE)
        assert instance.inputs["engineVersion"] == version
        assert instance.inputs["autoMinorVersionUpgrade"] is by_itself


def test_the_database_costs_no_extended_support_and_has_one_door(plan: PlanOf) -> None:
    instance = one(aws(plan, "production"), INSTANCE)
    assert instance.inputs["engineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    assert instance.inputs["iamDatabaseAuthenticationEnabled"] is False


def test_what_restarts_the_database_waits_for_the_window_unless_told(plan: PlanOf) -> None:
    assert one(aws(plan, "production"), INSTANCE).inputs["applyImmediately"] is False
    at_once = aws(plan, "production", "cloud.database.applyImmediately=true")
    assert one(at_once, INSTANCE).inputs["applyImmediately"] is True


@pytest.mark.guarantee("a load balancer or volume that outlives a destroy")
def test_volumes_and_load_balancers_that_kubernetes_makes_carry_the_tags(plan: PlanOf) -> None:
    made = aws(plan, "production")
    tags: dict[str, Any] = one(made, "aws:ec2/vpc:Vpc").inputs["tags"]
    driver = json.loads(one(made, "aws:eks/addon:Addon", "aws-ebs-csi-driver").inputs["configurationValues"])
    assert driver == {"controller": {"extraVolumeTags": {key: tags[key] for key in tags if key != "Name"}}}
    ingress = one(made, "kubernetes:helm.sh/v3:Release", "ingress-nginx")
    annotations = value(ingress, "values.controller.service.annotations")
    listed = annotations["service.beta.kubernetes.io/aws-load-balancer-additional-resource-tags"]
    assert dict(each.split("=") for each in listed.split(",")) == driver["controller"]["extraVolumeTags"]
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-type"] == "nlb"


def test_an_existing_vpc_is_left_as_it_is(plan: PlanOf) -> None:
    made = aws(plan, "production", *EXISTING)
    kinds = {one.type.rpartition(":")[2] for one in made if one.type.startswith("aws:ec2")}
    assert kinds == {"LaunchTemplate", "SecurityGroup"}
    (cluster,), (group,) = made.of_type(invariants_aws.CLUSTER), made.of_type("aws:rds/subnetGroup:SubnetGroup")
    assert cluster.inputs["vpcConfig"]["subnetIds"] == ["subnet-1", "subnet-2"]
    assert group.inputs["subnetIds"] == ["subnet-3", "subnet-4"]
    assert len(made.of_type("aws:efs/mountTarget:MountTarget")) == 2


@pytest.mark.guarantee("the API server is closed on AWS")
def test_a_private_api_is_closed_and_warned_of(plan: PlanOf) -> None:
    made = aws(plan, "production", *PRIVATE)
    (cluster,) = made.of_type(invariants_aws.CLUSTER)
    assert cluster.inputs["vpcConfig"]["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in cluster.inputs["vpcConfig"]
    assert any("only from inside the VPC" in warning for warning in made.warnings)
    assert invariants_aws.broken(made) == []


@pytest.mark.guarantee("security groups admit nodes alone on AWS")
def test_a_private_api_is_reached_from_the_network_and_from_what_is_named(plan: PlanOf) -> None:
    # EKS' own group admits the nodes alone: without a rule of ours a runner in the VPC would wait for ever
    made = aws(plan, "production", *PRIVATE)
    (cluster,) = made.of_type(invariants_aws.CLUSTER)
    group = one(made, "aws:ec2/securityGroup:SecurityGroup", "api")
    assert group.urn in cluster.by_property["vpcConfig"]
    rules = [each for each in made.of_type(API_RULE) if group.urn in each.depends_on]
    assert {each.inputs["cidrIpv4"] for each in rules} == {"10.20.0.0/16", "10.99.0.0/16"}
    assert {(each.inputs["fromPort"], each.inputs["toPort"]) for each in rules} == {(443, 443)}
    open_to_all = tampered(made, rules[0], "cidrIpv4", "0.0.0.0/0")
    assert list(invariants_aws.groups_admit_nodes_alone(open_to_all))
    assert not [each for each in aws(plan, "production").of_type(API_RULE) if each.inputs["fromPort"] == 443]


def test_nothing_blocks_the_end_of_an_ephemeral_stack(plan: PlanOf) -> None:
    made = aws(plan, "integration", "ephemeral=true", "platform.certificates.issuer=own-ca")
    (instance,) = made.of_type(INSTANCE)
    assert instance.inputs["deletionProtection"] is False
    assert instance.inputs["skipFinalSnapshot"] is True
    assert instance.inputs["deleteAutomatedBackups"] is True
    assert not [one.urn for one in made if one.options.protect]


@pytest.mark.guarantee("data is protected on AWS")
def test_an_own_zone_is_made_and_kept(plan: PlanOf) -> None:
    made = aws(plan, "production", "platform.dns.state=on")
    assert one(made, "aws:route53/zone:Zone").options.protect
    assert invariants_aws.broken(made) == []
