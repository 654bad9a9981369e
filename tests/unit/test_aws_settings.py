"""What AWS's settings refuse, each with one message that names key, value, rule and cure."""

from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader

from infra.names import Names
from infra.settings import aws_facts, read
from infra.settings.aws import AwsCloud
from infra.settings.aws_data_rules import ADMIN_USER
from infra.settings.rules import OWN_TAGS
from infra.settings.sizes import merge
from tests.unit.stacks import flat, problems

CLUSTER: dict[str, Any] = {
    "admins": ["arn:aws:iam::123456789012:role/airflow-admins"],
    "apiAllowedCidrs": ["203.0.113.0/24"],
}
CLOUD: dict[str, Any] = {"kind": "aws", "account": "123456789012", "region": "eu-west-1", "cluster": CLUSTER}
STACK: dict[str, Any] = {
    "tier": "production",
    "cloud": CLOUD,
    "tags": {"owner": "data"},
    "platform": {"ingress": "off", "certificates": "off"},
    "releases": [],
}


def stack(over: dict[str, Any], tier: str = "production") -> dict[str, Any]:
    """The good stack with these parts of `cloud` and `figures` in place of its own."""
    cloud = merge(CLOUD, over.get("cloud", {}))
    return {**STACK, "tier": tier, "cloud": cloud, "figures": over.get("figures", {})}


def read_cloud(over: dict[str, Any] | None = None) -> AwsCloud:
    cloud = read(flat(stack(over or {}))).cloud
    assert isinstance(cloud, AwsCloud)
    return cloud


def test_a_good_stack_is_read() -> None:
    assert problems(STACK) == {}
    assert read_cloud().used_zones == ("eu-west-1a", "eu-west-1b", "eu-west-1c")


def system(**pool: Any) -> dict[str, Any]:
    return {"figures": {"aws": {"system": pool}}}


def cluster(**values: Any) -> dict[str, Any]:
    return {"cloud": {"cluster": values}}


def network(**values: Any) -> dict[str, Any]:
    return {"cloud": {"network": {"kind": "new", **values}}}


def database(**values: Any) -> dict[str, Any]:
    return {"cloud": {"database": values}}


def three(*cidrs: str) -> list[str]:
    return list(cidrs)


PRIVATE = three("10.20.0.0/18", "10.20.64.0/18", "10.20.128.0/18")
DATABASE = three("10.20.192.0/24", "10.20.193.0/24", "10.20.194.0/24")
PUBLIC = three("10.20.200.0/24", "10.20.201.0/24", "10.20.202.0/24")

#: guarantee → what is set, the key that is named, a word of rule or cure
REFUSED: dict[str, list[tuple[dict[str, Any], str, str]]] = {
    "an unknown region": [
        ({"cloud": {"region": "eu-wst-1"}}, "cloud.region", "eu-west-1"),
        ({"cloud": {"region": "westeurope"}}, "cloud.region", "region of AWS"),
        ({"cloud": {"region": "il-central-1", "allowNewRegion": True}}, "cloud.zones", "not in the list"),
        ({"cloud": {"region": "il-central-1", "allowNewRegion": True}}, "cloud.database.caFile", "not in the list"),
    ],
    "a malformed network": [
        (network(cidr="10.20.0.1/16"), "cloud.network.cidr", "10.20.0.0/16"),
        (network(cidr="10.20/16/1"), "cloud.network.cidr", "CIDR"),
    ],
    "a network of the wrong size": [
        (network(cidr="10.0.0.0/12"), "cloud.network.cidr", "/16 to a /28"),
        (network(cidr="10.20.0.0/29"), "cloud.network.cidr", "/16 to a /28"),
        (network(cidr="10.20.0.0/26"), "cloud.network.cidr", "/23 or larger"),
        (network(cidr="10.20.0.0/22"), "cloud.network.cidr", "addresses for nodes and their pods"),
    ],
    "subnets that overlap or lie outside": [
        (
            network(privateSubnets=[*PRIVATE[:2], "10.20.127.0/24"], databaseSubnets=DATABASE, publicSubnets=PUBLIC),
            "cloud.network.privateSubnets[2]",
            "apart from",
        ),
        (
            network(privateSubnets=PRIVATE, databaseSubnets=[*DATABASE[:2], "10.21.0.0/24"], publicSubnets=PUBLIC),
            "cloud.network.databaseSubnets[2]",
            "inside the VPC",
        ),
        (network(privateSubnets=PRIVATE), "cloud.network", "all three lists"),
        (network(privateSubnets=PRIVATE[:2]), "cloud.network.privateSubnets", "one a zone"),
    ],
    "a service network that overlaps another": [
        (cluster(serviceCidr="10.20.64.0/20"), "cloud.cluster.serviceCidr", "outside the networks"),
        (cluster(serviceCidr="172.20.0.0/25"), "cloud.cluster.serviceCidr", "/12 to /24"),
        (cluster(serviceCidr="100.64.0.0/16"), "cloud.cluster.serviceCidr", "private network"),
    ],
    "fewer than two zones": [
        ({"cloud": {"zones": ["eu-west-1a"]}}, "cloud.zones", "two or three"),
        ({"cloud": {"zones": ["eu-west-1a", "eu-west-1a"]}}, "cloud.zones", "different"),
        ({"cloud": {"zones": ["eu-west-1a", "eu-west-2b"]}}, "cloud.zones[1]", "eu-west-1b"),
    ],
    "an API server open to the world": [
        (cluster(apiAllowedCidrs=[]), "cloud.cluster.apiAllowedCidrs", "private"),
        (cluster(apiAllowedCidrs=["0.0.0.0/0"]), "cloud.cluster.apiAllowedCidrs[0]", "allowPublicApi"),
        (cluster(api="private", apiAllowedCidrs=["0.0.0.0/0"]), "cloud.cluster.apiAllowedCidrs[0]", "allowPublicApi"),
    ],
    "an API server without an endpoint": [
        (cluster(api="none"), "cloud.cluster.api", "one of public, private"),
    ],
    "an unknown Kubernetes version": [
        (cluster(kubernetesVersion="1.12"), "cloud.cluster.kubernetesVersion", "one of"),
        (cluster(kubernetesVersion="1.34.2"), "cloud.cluster.kubernetesVersion", "minor"),
        (cluster(kubernetesVersion="1.33"), "cloud.cluster.kubernetesVersion", "one of 1.34"),
        (cluster(kubernetesVersion="1.37"), "cloud.cluster.kubernetesVersion", "one of 1.34"),
        (cluster(nodesVersion="1.36"), "cloud.cluster.nodesVersion", "behind"),
        (cluster(kubernetesVersion="1.36", nodesVersion="1.32"), "cloud.cluster.nodesVersion", "behind"),
        (cluster(nodesVersion="1.34.2"), "cloud.cluster.nodesVersion", "minor"),
    ],
    "node counts that do not fit": [
        (system(min=3, desired=2), "figures.aws.system.desired", "min <= desired <= max"),
        (system(min=0), "figures.aws.system.min", "1 or more"),
        (system(min=-1), "figures.aws.system.min", "0 or more"),
        (system(spot=True), "figures.aws.system.spot", "on demand"),
    ],
    "an unknown machine size": [
        (system(instanceType="m6i.xlarg"), "figures.aws.system.instanceType", "m6i.xlarge"),
        (system(instanceType="m7g.xlarge"), "figures.aws.system.instanceType", "arm64"),
        ({"figures": {"aws": {"databaseClass": "db.m6g.huge"}}}, "figures.aws.databaseClass", "db.m6g.large"),
    ],
    "a PostgreSQL version that is not offered": [
        (database(postgresMajor=12), "cloud.database.postgresMajor", "17"),
        (database(postgresVersion="16.9"), "cloud.database.postgresVersion", "17"),
        (database(postgresVersion="17"), "cloud.database.postgresVersion", "17.6"),
    ],
    "a database volume that the service refuses": [
        ({"figures": {"database": {"storageGib": 10}}}, "figures.database.storageGib", "20 to"),
        ({"figures": {"database": {"maxStorageGib": 128}}}, "figures.database.maxStorageGib", "tenth"),
    ],
    "a standby that cannot be": [
        ({"cloud": {"zones": ["eu-west-1a"], "database": {"highlyAvailable": True}}}, "cloud.zones", "two or three"),
    ],
    "a reserved name of the database administrator": [
        (database(adminUser="rdsadmin"), "cloud.database.adminUser", "airflow_admin"),
        (database(adminUser="pg_owner"), "cloud.database.adminUser", "keeps for itself"),
        (database(adminUser="Airflow"), "cloud.database.adminUser", "lower-case"),
        (database(adminUser="airflow_administrator"), "cloud.database.adminUser", "at most 16"),
    ],
    "backups kept too short or too long": [
        (database(backupRetentionDays=0), "cloud.database.backupRetentionDays", "1 to 35"),
        (database(backupRetentionDays=36), "cloud.database.backupRetentionDays", "1 to 35"),
    ],
    "production without its protection": [
        (database(deletionProtection=False), "cloud.database.deletionProtection", "by mistake"),
        (database(finalSnapshot=False), "cloud.database.finalSnapshot", "snapshot"),
        (database(highlyAvailable=False), "cloud.database.highlyAvailable", "standby"),
        (database(backupRetentionDays=3), "cloud.database.backupRetentionDays", "7 days"),
        ({"figures": {"scheduler": {"replicas": 1}}}, "figures.scheduler.replicas", "2 or more"),
    ],
}
CASES = [(name, *case) for name, cases in REFUSED.items() for case in cases]


@pytest.mark.parametrize(
    ("over", "key", "words"),
    [pytest.param(*case[1:], id=f"{case[0]}-{case[2]}-{index}") for index, case in enumerate(CASES)],
)
@pytest.mark.guarantee(*REFUSED)
def test_refused(over: dict[str, Any], key: str, words: str) -> None:
    values = {**stack(over), "size": "medium"}
    found = problems(values)
    problem = found[f"airflow:{key}"]
    assert words in f"{problem.rule} {problem.cure}"
    assert problem.cure


#: Where one mistake leaves two things to say.
TWOFOLD = {
    ("an unknown region", "cloud.zones"),
    ("an unknown region", "cloud.database.caFile"),
    ("subnets that overlap or lie outside", "cloud.network.privateSubnets"),
}


def test_a_refused_value_brings_no_second_message() -> None:
    # one mistake, one message
    for name, over, key, _ in CASES:
        found = problems({**stack(over), "size": "medium"})
        if (name, key) not in TWOFOLD:
            assert list(found) == [f"airflow:{key}"], (name, key, list(found))


def test_the_administrators_name_is_as_long_as_rds_takes_it() -> None:
    members = create_loader().load_service_model("rds", "service-2")["shapes"]["CreateDBInstanceMessage"]["members"]
    assert f"1 to {ADMIN_USER} letters" in members["MasterUsername"]["documentation"]


@pytest.mark.parametrize(
    ("given", "key", "words"),
    [
        ({"keys": {"data": "alias/aws/rds"}}, "cloud.keys.data", "not of an alias"),
        ({"keys": {"data": "arn:aws:kms:us-east-1:123456789012:key/1"}}, "cloud.keys.data", "a key of eu-west-1"),
        ({"cluster": {"viewers": CLUSTER["admins"]}}, "cloud.cluster.viewers[0]", "once"),
    ],
)
def test_keys_and_viewers_that_aws_would_refuse(given: dict[str, Any], key: str, words: str) -> None:
    found = problems(stack({"cloud": given}))
    assert list(found) == [f"airflow:{key}"]
    assert words in found[f"airflow:{key}"].rule


def test_a_new_control_plane_may_settle_before_its_nodes() -> None:
    soak = cluster(kubernetesVersion="1.36", nodesVersion="1.35")
    assert problems(stack(soak)) == {}
    assert read_cloud(soak).cluster.nodes_at == "1.35"
    assert read_cloud(cluster(kubernetesVersion="1.36")).cluster.nodes_at == "1.36"


def test_integration_may_do_without_a_standby() -> None:
    assert problems(stack(database(highlyAvailable=False, backupRetentionDays=1), tier="integration")) == {}


@pytest.mark.guarantee("an API server open to the world")
def test_the_world_may_be_let_in_by_name() -> None:
    assert problems(stack(cluster(apiAllowedCidrs=["0.0.0.0/0"], allowPublicApi=True))) == {}
    assert problems(stack(cluster(api="private", apiAllowedCidrs=[]))) == {}


@pytest.mark.guarantee("an unknown region")
def test_a_new_region_brings_its_zones_and_its_root(tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_text("-----BEGIN CERTIFICATE-----\n")
    cloud = {
        "region": "il-central-1",
        "allowNewRegion": True,
        "zones": ["il-central-1a", "il-central-1b"],
        "database": {"caFile": str(root)},
    }
    assert problems(stack({"cloud": cloud})) == {}
    for path in (tmp_path / "nowhere.pem", aws_facts.DATA):
        cloud["database"] = {"caFile": str(path)}
        assert "certificate" in problems(stack({"cloud": cloud}))["airflow:cloud.database.caFile"].rule


@pytest.mark.parametrize(
    ("given", "key", "words"),
    [
        (database(maintenanceWindow="sunday:03:00-sunday:04:00"), "cloud.database.maintenanceWindow", "half an hour"),
        (database(maintenanceWindow="sun:03:00-sun:03:29"), "cloud.database.maintenanceWindow", "half an hour"),
        (database(maintenanceWindow="sun:03:00-tue:03:00"), "cloud.database.maintenanceWindow", "half an hour"),
        (database(backupWindow="24:00-01:00"), "cloud.database.backupWindow", "half an hour"),
        (database(backupWindow="sun:01:00-sun:02:00"), "cloud.database.backupWindow", "half an hour"),
        (database(backupWindow="03:30-04:30"), "cloud.database.backupWindow", "apart from"),
        (database(backupWindow="02:30-03:30"), "cloud.database.backupWindow", "apart from"),
        (
            database(maintenanceWindow="sun:23:30-mon:00:30", backupWindow="00:00-00:30"),
            "cloud.database.backupWindow",
            "apart from",
        ),
        (cluster(admins=[CLUSTER["admins"][0]] * 2), "cloud.cluster.admins[1]", "once"),
        ({"tags": {"owner": "data, platform"}}, "tags.owner", "letters, digits"),
        ({"tags": {"owner": "data", "aws:team": "x"}}, "tags.aws:team", "aws:"),
        ({"tags": {"owner": "data", "cost=centre": "x"}}, "tags.cost=centre", "letters, digits"),
        ({"tags": {"owner": "data", **{f"t{n}": "" for n in range(40)}}}, "tags", "at most 40"),
        ({"tags": {"owner": "data", "stack": "mine"}}, "tags.stack", "sets itself"),
    ],
)
def test_what_aws_would_refuse_half_way_is_refused_before(given: dict[str, Any], key: str, words: str) -> None:
    found = problems({**stack(given), "tags": given.get("tags", STACK["tags"])})
    assert list(found) == [f"airflow:{key}"]
    assert words in found[f"airflow:{key}"].rule


@pytest.mark.parametrize(
    "given",
    [
        {"maintenanceWindow": "sat:23:30-sun:00:30", "backupWindow": "00:30-01:00"},
        {"maintenanceWindow": "mon:01:00-mon:02:00", "backupWindow": "23:30-00:30"},
        {"backupWindow": "04:00-05:00"},
    ],
)
def test_windows_may_touch_and_pass_midnight(given: dict[str, str]) -> None:
    assert problems(stack(database(**given))) == {}


def test_the_programs_own_tags_are_refused_by_name() -> None:
    assert set(OWN_TAGS) == {*Names("airflow", "production").tags({}), "name"}


def test_an_admin_by_single_sign_on_has_its_path() -> None:
    arn = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcde"
    assert problems(stack(cluster(admins=[arn]))) == {}


@pytest.mark.parametrize("account", ["12345678901", "1234567890123", "12345678901x"])
def test_an_account_is_twelve_digits(account: str) -> None:
    assert "12 digits" in problems(stack({"cloud": {"account": account}}))["airflow:cloud.account"].rule


@pytest.mark.parametrize("admin", ["airflow-admins", "arn:aws:sts::123456789012:assumed-role/x/y"])
def test_an_admin_is_a_role(admin: str) -> None:
    assert "ARN of a role" in problems(stack(cluster(admins=[admin])))["airflow:cloud.cluster.admins[0]"].rule


@pytest.mark.guarantee("fewer than two zones")
def test_an_existing_network_names_its_subnets() -> None:
    given = {"kind": "existing", "vpcId": "vpc-1", "cidr": "10.9.0.0/16"}
    subnets = {"privateSubnetIds": ["subnet-1", "subnet-2"], "databaseSubnetIds": ["subnet-3", "subnet-4"]}
    zones = ["eu-west-1a", "eu-west-1b"]
    assert problems(stack({"cloud": {"network": {**given, **subnets}, "zones": zones}})) == {}
    (other,) = problems(stack({"cloud": {"network": {**given, **subnets}}})).values()
    assert other.key == "airflow:cloud.network.privateSubnetIds"
    assert "cloud.zones" in other.cure
    one = {**subnets, "databaseSubnetIds": ["subnet-3"]}
    assert "airflow:cloud.network.databaseSubnetIds" in problems(stack({"cloud": {"network": {**given, **one}}}))
