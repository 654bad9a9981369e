"""What goes before what on Azure, what is retried, how long is waited, and how long it all takes."""

from collections.abc import Callable

import pytest

from infra.preview import schedule
from infra.preview.model import Plan, Resource
from infra.settings import Size
from tests.program.azure_plans import SHARES, STACKS, azure
from tests.program.conftest import PlanOf
from tests.program.invariants_azure import (
    ACCOUNT,
    ARM,
    ASSIGNMENT,
    CLUSTER,
    CREDENTIAL,
    DEFINITION,
    PARAMETER,
    POOL,
    SERVER,
    SHARE,
)

NETWORK = f"{ARM}network:VirtualNetwork"
SUBNET = f"{ARM}network:Subnet"
NAT = f"{ARM}network:NatGateway"
LINK = f"{ARM}privatedns:VirtualNetworkLink"
GROUP = f"{ARM}resources:ResourceGroup"
ENDPOINT = f"{ARM}network:PrivateEndpoint"
CRON_JOB = "kubernetes:batch/v1:CronJob"
JOB = "kubernetes:batch/v1:Job"
LOCK = f"{ARM}authorization:ManagementLockByScope"
Which = str | Callable[[Resource], bool]


def named(type_: str, *names: str) -> Callable[[Resource], bool]:
    return lambda one: one.type == type_ and one.name in names


def in_cluster(one: Resource) -> bool:
    return one.type.startswith("kubernetes:")


def in_azure(one: Resource) -> bool:
    return one.type.startswith(ARM) and one.type != GROUP


def airflow(one: Resource) -> bool:
    return one.type == "kubernetes:helm.sh/v3:Release" and one.inputs["chart"] == "airflow"


def admin(one: Resource) -> bool:
    return one.type == ASSIGNMENT and one.name.startswith("cluster-admin")


def pull(one: Resource) -> bool:
    return one.type == ASSIGNMENT and one.name == "registry-pull"


def ingress_release(one: Resource) -> bool:
    return one.type == "kubernetes:helm.sh/v3:Release" and one.name.startswith("ingress")


def of_dags(kind: str) -> Callable[[Resource], bool]:
    return lambda one: one.name == "main-dags" and one.type.endswith(f":{kind}")


#: `destroy` deletes the first before the second, all of them.
BEFORE: list[tuple[str, Which, Which]] = [
    ("every object before the right to delete it", in_cluster, admin),
    ("every object before the nodes", in_cluster, POOL),
    ("every object before the cluster", in_cluster, CLUSTER),
    ("rights before the cluster", admin, CLUSTER),
    ("nodes before the cluster", POOL, CLUSTER),
    ("the cluster before its own right", CLUSTER, named(ASSIGNMENT, "cluster-network")),
    ("the cluster before its subnet", CLUSTER, named(SUBNET, "nodes")),
    ("nodes before their way out", POOL, NAT),
    ("an Ingress before Airflow", "kubernetes:networking.k8s.io/v1:Ingress", airflow),
    ("an Ingress before its controller", "kubernetes:networking.k8s.io/v1:Ingress", ingress_release),
    ("the load balancer before the subnet", ingress_release, named(SUBNET, "nodes")),
    ("Airflow before volumes", airflow, "kubernetes:core/v1:PersistentVolumeClaim"),
    ("a claim before its volume", of_dags("PersistentVolumeClaim"), of_dags("PersistentVolume")),
    ("a volume before its share", of_dags("PersistentVolume"), of_dags("FileShare")),
    ("a volume before its key", of_dags("PersistentVolume"), named("kubernetes:core/v1:Secret", "volumes")),
    ("a volume before its address", of_dags("PersistentVolume"), ENDPOINT),
    ("a share before its account", SHARE, ACCOUNT),
    ("the snapshot job before its rights", named(CRON_JOB, "share-snapshots"), named(ASSIGNMENT, "share-snapshots-1")),
    ("the snapshots' rights before their role", named(ASSIGNMENT, "share-snapshots-1"), DEFINITION),
    ("the snapshots' rights before the account", named(ASSIGNMENT, "share-snapshots-1"), named(ACCOUNT, "files")),
    ("an address before its subnet", ENDPOINT, named(SUBNET, "endpoints")),
    ("Airflow before its database", airflow, SERVER),
    ("Airflow before its right to images", airflow, pull),
    ("parameters before the server", PARAMETER, SERVER),
    ("the lock before what it holds", LOCK, PARAMETER),
    ("the lock before the logs that it holds", LOCK, named(f"{ARM}monitor:DiagnosticSetting", "database-logs")),
    ("the server before its zone's link", SERVER, named(LINK, "postgres")),
    ("the link before the subnet", named(LINK, "postgres"), named(SUBNET, "database")),
    ("the server before its subnet", SERVER, named(SUBNET, "database")),
    ("subnets before NAT", named(SUBNET, "nodes"), NAT),
    ("subnets before the VNet", SUBNET, NETWORK),
    ("links before the VNet", LINK, NETWORK),
    ("everything before the resource group", in_azure, GROUP),
]  # fmt: skip


def chosen(plan: Plan, which: Which) -> list[Resource]:
    return [one for one in plan if (one.type == which if isinstance(which, str) else which(one))]


@pytest.fixture(scope="module")
def shares(plan: PlanOf) -> Plan:
    return azure(plan, "production", *SHARES)


@pytest.mark.parametrize(("first", "then"), [pytest.param(*case[1:], id=case[0]) for case in BEFORE])
@pytest.mark.guarantee("nothing is deleted before what needs it")
def test_destroy_order(shares: Plan, first: Which, then: Which) -> None:
    firsts, thens = chosen(shares, first), chosen(shares, then)
    if first is in_azure:  # but a record of a zone that is somebody else's, in another group
        firsts = [one for one in firsts if one.type != f"{ARM}dns:RecordSet"]
    assert firsts
    assert thens
    for one in firsts:
        missing = {other.urn for other in thens} - shares.reach(one.urn)
        assert not missing, f"{one.urn} would outlive {missing}"


@pytest.mark.guarantee("nothing is deleted before what needs it")
def test_a_releases_pods_go_before_their_rights_and_their_log_store(plan: PlanOf) -> None:
    made = azure(plan, "production")
    (helm,) = chosen(made, airflow)
    reached = made.reach(helm.urn)
    bound = [one for one in made.of_type(CREDENTIAL) if one.name.startswith("main-")]
    rights = [one for one in made.of_type(ASSIGNMENT) if one.name.startswith("main-")]
    assert bound
    assert len(rights) == len(bound)
    store = [one for one in made if one.type.startswith(f"{ARM}storage:") or one.type == ENDPOINT]
    for one in (*bound, *rights, *store):
        assert one.urn in reached, one.urn


def test_a_vnets_subnets_are_written_one_after_another(shares: Plan) -> None:
    # Azure refuses a second change of a VNet meanwhile
    subnets = {one.urn for one in shares.of_type(SUBNET)}
    assert sorted(len(shares.reach(urn) & subnets) for urn in subnets) == list(range(len(subnets)))


@pytest.mark.parametrize(("made", "zone"), [((), "blob"), (SHARES, "file")])
def test_a_private_name_is_found_in_the_vnet_before_it_is_used(plan: PlanOf, made: tuple[str, ...], zone: str) -> None:
    there = azure(plan, "production", *made)
    (link,) = chosen(there, named(LINK, zone))
    (helm,) = chosen(there, airflow)
    (name,) = there.of_type(f"{ARM}network:PrivateDnsZoneGroup")
    assert link.urn in there.reach(name.urn)
    assert name.urn in there.reach(helm.urn)


def test_nothing_is_left_to_another_deletion(shares: Plan) -> None:
    # a load balancer or a volume that is only "deleted with" its cluster stays behind and costs
    assert [one.urn for one in shares if one.options.deleted_with or one.options.retain_on_delete] == []


@pytest.mark.guarantee("nothing waits that need not")
def test_the_cluster_and_the_database_are_built_side_by_side(shares: Plan) -> None:
    (cluster,), (server,) = shares.of_type(CLUSTER), shares.of_type(SERVER)
    assert cluster.urn not in shares.reach(server.urn)
    assert server.urn not in shares.reach(cluster.urn)
    slow = {one.urn for one in shares.of_type(SERVER, ACCOUNT, ENDPOINT, f"{ARM}containerregistry:Registry")}
    assert not slow & shares.reach(cluster.urn)


#: Types that were seen to be refused for a moment.
RETRIED = {
    CLUSTER,
    POOL,
    SERVER,
    PARAMETER,
    ASSIGNMENT,
    CREDENTIAL,
    NETWORK,
    SUBNET,
    ACCOUNT,
    ENDPOINT,
    GROUP,
    f"{ARM}containerregistry:Registry",
    f"{ARM}containerservice:MaintenanceConfiguration",
    f"{ARM}dns:RecordSet",
    f"{ARM}network:PrivateDnsZoneGroup",
}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.guarantee("a cloud that throttles", "a database server that is busy", "rights that have not arrived yet")
def test_what_is_refused_for_a_moment_is_retried(plan: PlanOf, stack: str) -> None:
    for one in azure(plan, stack):
        hooks = one.options.hooks.get("onError", ())
        if one.type.startswith(ARM):
            assert hooks == (("azure-not-ready-yet",) if one.type in RETRIED else ()), one.urn
    (first,) = azure(plan, stack).of_type("kubernetes:storage.k8s.io/v1:StorageClass")
    assert first.options.hooks == {"onError": ("cluster-login-not-ready-yet",)}


@pytest.mark.guarantee("rights that have not arrived yet")
def test_workloads_wait_until_the_cluster_lets_the_administrators_in(plan: PlanOf) -> None:
    made = azure(plan, "production")
    (first,) = made.of_type("kubernetes:storage.k8s.io/v1:StorageClass")
    for one in chosen(made, "kubernetes:helm.sh/v3:Release"):
        assert first.urn in made.reach(one.urn), one.urn


@pytest.mark.guarantee("a slow cloud")
def test_slow_types_are_given_time(shares: Plan) -> None:
    least = {CLUSTER: 30, POOL: 25, SERVER: 60}
    for type_, minutes in least.items():
        for one in shares.of_type(type_):
            assert int(one.options.custom_timeouts["create"].removesuffix("m")) >= minutes, one.urn


@pytest.mark.parametrize("stack", STACKS)
def test_the_foundation_takes_no_longer_than_its_longest_chain(plan: PlanOf, stack: str) -> None:
    """Whatever else a first workload and the database wait for, they wait no longer than for their own chain."""
    made = azure(plan, stack)
    done: dict[str, float] = {}

    def end(urn: str) -> float:
        if urn not in done:
            one = made.by_urn[urn]
            done[urn] = schedule.seconds(one) + max((end(other) for other in one.waits_for), default=0)
        return done[urn]

    def least(*types: str) -> float:
        return sum(schedule.seconds(made.of_type(type_)[0]) for type_ in types)

    database = least(NETWORK, SUBNET, SERVER) + sum(map(schedule.seconds, made.of_type(PARAMETER)))
    assert max(end(one.urn) for one in made.of_type(PARAMETER)) <= 1.05 * database
    cluster = least(NETWORK, SUBNET, CLUSTER, POOL)
    assert max(end(one.urn) for one in made.of_type("pulumi:providers:kubernetes")) <= 1.1 * cluster
    whole = schedule.schedule(made)
    assert any(step.resource.type == SERVER for step in whole.chain)


def test_airflow_waits_for_the_parameters_and_the_roles_do_not(plan: PlanOf) -> None:
    made = azure(plan, "production")
    roles, migration = (
        one for name in ("main-database", "main-migration") for one in made.of_type(JOB) if one.name == name
    )
    held = {"require-secure-transport", "ssl-min-protocol-version"}
    parameters = {one.urn for one in made.of_type(PARAMETER) if one.name in held}
    assert len(parameters) == len(held)
    assert parameters <= made.reach(migration.urn)
    assert not parameters & made.reach(roles.urn)


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("size", list(Size))
def test_the_first_up_takes_hardly_longer_than_its_longest_chain(plan: PlanOf, stack: str, size: Size) -> None:
    made = azure(plan, stack, f"size={size.value}")
    by_type = {one.type: schedule.seconds(one) for one in made}
    (migration,) = [one for one in made.of_type(JOB) if one.name == "main-migration"]
    (release,) = chosen(made, airflow)
    begins, ends = by_type[NETWORK] + by_type[SUBNET], schedule.seconds(migration) + schedule.seconds(release)
    database = by_type[SERVER] + sum(map(schedule.seconds, made.of_type(PARAMETER)))
    longest = begins + max(by_type[CLUSTER], database) + ends
    assert schedule.schedule(made).eightfold <= 1.05 * longest
