"""What goes before what on AWS, what is retried, how long is waited, and how long it all takes."""

from collections.abc import Callable

import pytest

from infra.preview import schedule
from infra.preview.model import Plan, Resource
from infra.settings import Size
from tests.program.aws_plans import SHARES, STACKS, aws
from tests.program.conftest import PlanOf

CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
INSTANCE = "aws:rds/instance:Instance"
KEY = "aws:kms/key:Key"
RIGHT = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
Which = str | Callable[[Resource], bool]


def addon(*names: str) -> Callable[[Resource], bool]:
    return lambda one: one.type == "aws:eks/addon:Addon" and one.name in names


LATE = addon("coredns", "metrics-server", "aws-ebs-csi-driver", "aws-efs-csi-driver")
EARLY = addon("vpc-cni", "kube-proxy", "eks-pod-identity-agent")


def in_cluster(one: Resource) -> bool:
    return one.type.startswith("kubernetes:")


def airflow(one: Resource) -> bool:
    return one.type == "kubernetes:helm.sh/v3:Release" and one.inputs["chart"] == "airflow"


def autoscaler(one: Resource) -> bool:
    return one.type == "kubernetes:helm.sh/v3:Release" and one.name == "autoscaler"


def system(one: Resource) -> bool:
    return one.type == NODES and one.name == "system"


def private(one: Resource) -> bool:
    return one.type == "aws:ec2/subnet:Subnet" and one.name.startswith("private")


def of_dags(kind: str) -> Callable[[Resource], bool]:
    return lambda one: one.name == "main-dags" and one.type.endswith(f":{kind}")


#: `destroy` deletes the first before the second, all of them.
BEFORE: list[tuple[str, Which, Which]] = [
    ("every object before the right to delete it", in_cluster, RIGHT),
    ("that right before its entry", RIGHT, "aws:eks/accessEntry:AccessEntry"),
    ("entries before the cluster", "aws:eks/accessEntry:AccessEntry", CLUSTER),
    ("namespaces before late add-ons", "kubernetes:core/v1:Namespace", LATE),
    ("late add-ons before the system nodes", LATE, system),
    ("the autoscaler before both groups", autoscaler, NODES),
    ("the connection before the nodes", "pulumi:providers:kubernetes", system),
    ("nodes before vpc-cni", NODES, EARLY),
    ("vpc-cni before the cluster", EARLY, CLUSTER),
    ("nodes before their way out", NODES, "aws:ec2/natGateway:NatGateway"),
    ("nodes before their role's rights", NODES, lambda one: one.name.startswith("nodes-") and "Attachment" in one.type),
    ("Airflow before volumes", airflow, "kubernetes:core/v1:PersistentVolumeClaim"),
    ("a claim before its volume", of_dags("PersistentVolumeClaim"), of_dags("PersistentVolume")),
    ("a volume before its access point", of_dags("PersistentVolume"), of_dags("AccessPoint")),
    ("volumes before mount targets", "kubernetes:core/v1:PersistentVolume", "aws:efs/mountTarget:MountTarget"),
    ("volumes before their driver", "kubernetes:core/v1:PersistentVolume", addon("aws-efs-csi-driver")),
    ("Airflow before its database", airflow, INSTANCE),
    ("Airflow before the way to it", airflow, lambda one: one.name == "database" and "IngressRule" in one.type),
    ("mount targets before subnets", "aws:efs/mountTarget:MountTarget", "aws:ec2/vpc:Vpc"),
    ("the cluster before its subnets", CLUSTER, private),
    ("the database before its group", INSTANCE, "aws:rds/subnetGroup:SubnetGroup"),
    ("the database before the VPC", INSTANCE, "aws:ec2/vpc:Vpc"),
    ("NAT before the internet", "aws:ec2/natGateway:NatGateway", "aws:ec2/internetGateway:InternetGateway"),
    ("addresses before the internet", "aws:ec2/eip:Eip", "aws:ec2/internetGateway:InternetGateway"),
    ("subnets before the VPC", "aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc"),
    ("the cluster before its log group", CLUSTER, lambda one: one.name == "cluster" and "logGroup" in one.type),
    ("keys last: the cluster", CLUSTER, KEY),
    ("keys last: the database", INSTANCE, lambda one: one.type == KEY and one.name == "data-key"),
    ("keys last: files", "aws:efs/fileSystem:FileSystem", lambda one: one.type == KEY and one.name == "data-key"),
    ("keys last: images", "aws:ecr/repository:Repository", lambda one: one.type == KEY and one.name == "data-key"),
]  # fmt: skip


def chosen(plan: Plan, which: Which) -> list[Resource]:
    return [one for one in plan if (one.type == which if isinstance(which, str) else which(one))]


@pytest.fixture(scope="module")
def shares(plan: PlanOf) -> Plan:
    return aws(plan, "production", *SHARES)


@pytest.mark.parametrize(("first", "then"), [pytest.param(*case[1:], id=case[0]) for case in BEFORE])
@pytest.mark.guarantee("nothing is deleted before what needs it")
def test_destroy_order(shares: Plan, first: Which, then: Which) -> None:
    firsts, thens = chosen(shares, first), chosen(shares, then)
    assert firsts
    assert thens
    for one in firsts:
        missing = {other.urn for other in thens} - shares.reach(one.urn)
        assert not missing, f"{one.urn} would outlive {missing}"


@pytest.mark.guarantee("nothing is deleted before what needs it")
def test_a_releases_pods_go_before_their_rights(plan: PlanOf) -> None:
    made = aws(plan, "production")
    (helm,) = chosen(made, airflow)
    bound = [one for one in made.of_type("aws:eks/podIdentityAssociation:PodIdentityAssociation") if "main" in one.name]
    assert bound
    for association in bound:
        assert association.urn in made.reach(helm.urn)
        rights = [one for one in made.of_type("aws:iam/rolePolicy:RolePolicy") if one.name == association.name]
        assert {one.urn for one in rights} <= made.reach(association.urn)
        assert rights


def test_nothing_is_left_to_another_deletion(shares: Plan) -> None:
    # a load balancer or a volume that is only "deleted with" its cluster stays behind and costs
    assert [one.urn for one in shares if one.options.deleted_with] == []
    assert [one.name for one in chosen(shares, EARLY) if one.inputs["preserve"]] == ["vpc-cni"]


@pytest.mark.guarantee("nothing waits that need not")
def test_the_cluster_and_the_database_are_built_side_by_side(shares: Plan) -> None:
    (cluster,), (instance,) = shares.of_type(CLUSTER), shares.of_type(INSTANCE)
    assert cluster.urn not in shares.reach(instance.urn)
    assert instance.urn not in shares.reach(cluster.urn)
    (system,) = [one for one in shares.of_type(NODES) if one.name == "system"]
    slow = {one.urn for one in shares.of_type(INSTANCE, "aws:efs/mountTarget:MountTarget")}
    assert not slow & shares.reach(system.urn)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.guarantee("a cloud that throttles", "rights that have not arrived yet")
def test_what_uses_a_fresh_role_is_retried(plan: PlanOf, stack: str) -> None:
    retried = {
        CLUSTER,
        NODES,
        INSTANCE,
        "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:ec2/flowLog:FlowLog",
    }
    for one in aws(plan, stack):
        hooks = one.options.hooks.get("onError", ())
        assert hooks == (("aws-not-ready-yet",) if one.type in retried else ()), one.urn


@pytest.mark.guarantee("a slow cloud")
def test_slow_types_are_given_time(shares: Plan) -> None:
    # the provider's own limits are shorter than what was seen
    least = {CLUSTER: 30, NODES: 25, INSTANCE: 60, "aws:eks/addon:Addon": 20}
    for type_, minutes in least.items():
        for one in shares.of_type(type_):
            assert int(one.options.custom_timeouts["create"].removesuffix("m")) >= minutes, one.urn


#: The longest chain that no order of ours can shorten: type and name.
FOUNDATION = (
    ("aws:ec2/vpc:Vpc", "vpc"),
    ("aws:ec2/subnet:Subnet", "private-a"),
    (CLUSTER, "cluster"),
    ("aws:eks/addon:Addon", "vpc-cni"),
    (NODES, "system"),
    ("aws:eks/addon:Addon", "coredns"),
)
AIRFLOW = (("kubernetes:batch/v1:Job", "main-migration"), ("kubernetes:helm.sh/v3:Release", "main"))


def least(plan: Plan, *steps: tuple[str, str]) -> float:
    """Typical seconds of these resources, one after another."""
    found = [one for type_, name in steps for one in plan.of_type(type_) if one.name == name]
    assert len(found) == len(steps)
    return sum(map(schedule.seconds, found))


@pytest.mark.parametrize("size", list(Size))
def test_a_first_up_takes_little_more_than_its_longest_chain(plan: PlanOf, size: Size) -> None:
    """At most a twentieth more, eight resources at a time. (Integration has the chaos after it, on purpose.)"""
    made = aws(plan, "production", f"size={size}")
    bound = max(least(made, *FOUNDATION, *AIRFLOW), least(made, (INSTANCE, "database"), *AIRFLOW))
    assert schedule.schedule(made).eightfold <= 1.05 * bound


def test_the_foundation_takes_no_longer_than_its_longest_chain(plan: PlanOf) -> None:
    """Vpc, Subnet, Cluster, vpc-cni, nodes, coredns: whatever else a first workload waits for, it waits no longer."""
    made = aws(plan, "production")
    done: dict[str, float] = {}

    def end(urn: str) -> float:
        if urn not in done:
            one = made.by_urn[urn]
            done[urn] = schedule.seconds(one) + max((end(other) for other in one.waits_for), default=0)
        return done[urn]

    chain = least(made, *FOUNDATION)
    ready = max(end(one.urn) for one in chosen(made, LATE))
    database = max(end(one.urn) for one in made.of_type(INSTANCE))
    assert ready == chain
    assert database < chain


@pytest.mark.guarantee("a load balancer that finds no subnet")
def test_load_balancers_find_their_subnets(shares: Plan) -> None:
    for one in shares.of_type("aws:ec2/subnet:Subnet"):
        tags = {key for key in one.inputs["tags"] if key.startswith("kubernetes.io/role/")}
        role = {"public": {"kubernetes.io/role/elb"}, "private": {"kubernetes.io/role/internal-elb"}}
        assert tags == role.get(one.name.partition("-")[0], set())
        assert ("kubernetes.io/cluster/airflow-production" in one.inputs["tags"]) == bool(tags)
