"""What the settings of Azure let a stack choose, and what then is in its plan."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.cloud.azure import snapshots
from infra.names import digest
from infra.preview import diff, diff_report
from infra.preview.model import Plan
from infra.settings import Size
from infra.settings.figures import Figures
from infra.settings.sizes import TABLE
from tests.program.aws_plans import aws
from tests.program.azure_plans import EXISTING, SHARES, STACKS, azure
from tests.program.conftest import PlanOf
from tests.program.invariants_azure import ACCOUNT, ARM, CLUSTER, DEFINITION, POOL, REGISTRY, SERVER, SUBNET
from tests.program.reading import one, value

BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
CONFIG_MAP, CRON_JOB = "kubernetes:core/v1:ConfigMap", "kubernetes:batch/v1:CronJob"


def test_an_existing_network_is_used_and_not_changed(plan: PlanOf) -> None:
    made = azure(plan, "production", f"cloud.network={json.dumps(EXISTING)}")
    kinds = {each.type.removeprefix(f"{ARM}network:") for each in made if each.type.startswith(f"{ARM}network:")}
    assert kinds == {"PrivateEndpoint", "PrivateDnsZoneGroup"}
    assert not made.of_type(f"{ARM}privatedns:PrivateZone", f"{ARM}privatedns:VirtualNetworkLink")
    assert value(one(made, SERVER), "network.delegatedSubnetResourceId") == EXISTING["databaseSubnetId"]
    assert value(one(made, SERVER), "network.privateDnsZoneArmResourceId") == EXISTING["postgresZoneId"]
    assert value(one(made, CLUSTER), "networkProfile.outboundType") == "userDefinedRouting"
    assert one(made, POOL).inputs["vnetSubnetID"] == EXISTING["nodesSubnetId"]


def test_the_database_has_its_subnet_to_itself(plan: PlanOf) -> None:
    inputs = one(azure(plan, "production"), SUBNET, "database").inputs
    assert [given["serviceName"] for given in inputs["delegations"]] == ["Microsoft.DBforPostgreSQL/flexibleServers"]
    assert [given["service"] for given in inputs["serviceEndpoints"]] == ["Microsoft.Storage"]


def test_nodes_reach_a_public_api_by_their_own_way_out(plan: PlanOf) -> None:
    allowed = value(one(azure(plan, "production"), CLUSTER), "apiServerAccessProfile.authorizedIPRanges")
    assert allowed == ["203.0.113.0/24", {"$unknown": True}]  # the NAT gateway's address, which the `up` knows


@pytest.mark.guarantee("an API server open to the world")
def test_the_world_is_let_in_without_a_list(plan: PlanOf) -> None:
    # AKS refuses 0.0.0.0/0 in its list
    world = ('cloud.cluster.apiAllowedCidrs=["0.0.0.0/0"]', "cloud.cluster.allowPublicApi=true")
    profile = one(azure(plan, "integration", *world), CLUSTER).inputs["apiServerAccessProfile"]
    assert "authorizedIPRanges" not in profile
    assert profile["enablePrivateCluster"] is False


def test_a_restored_server_is_a_new_one_beside_the_old(plan: PlanOf) -> None:
    moment = "2026-11-20T09:30:00Z"
    before = one(azure(plan, "production"), SERVER)
    after = one(azure(plan, "production", f'cloud.database.restoreAt="{moment}"'), SERVER)
    assert (after.inputs["createMode"], after.inputs["pointInTimeUTC"]) == ("PointInTimeRestore", moment)
    assert after.inputs["sourceServerResourceId"].endswith(f"/flexibleServers/{before.inputs['serverName']}")
    assert after.inputs["serverName"] != before.inputs["serverName"]
    assert digest(moment) in after.inputs["serverName"]
    assert "createMode" not in before.inputs or before.inputs["createMode"] == "Default"
    assert after.urn == before.urn
    assert value(after, "highAvailability.mode") == "Disabled"  # which is how Azure restores it


def test_a_server_that_was_restored_takes_changes_and_gets_its_standby(plan: PlanOf) -> None:
    restore = 'cloud.database.restoreAt="2026-11-20T09:30:00Z"'
    first, then = (
        one(azure(plan, "production", restore, *more), SERVER) for more in ((), ("cloud.database.restored=true",))
    )
    assert then.inputs["createMode"] == "Update"  # on no server, Azure refuses it: none is made empty
    assert value(then, "highAvailability.mode") == "ZoneRedundant"
    changed = {key for key in first.inputs if first.inputs[key] != then.inputs[key]}
    assert changed == {"createMode", "highAvailability"}


def test_an_address_is_in_every_zone_where_the_nodes_are_in_two(plan: PlanOf) -> None:
    made = azure(plan, "production", 'cloud.zones=["1","2"]')
    assert one(made, f"{ARM}network:PublicIPAddress").inputs["zones"] == ["1", "2", "3"]
    assert one(made, POOL).inputs["availabilityZones"] == ["1", "2"]


#: What AKS refuses to change in a pool (PropertyChangeNotAllowed), by the settings that would.
FIXED = {
    "size": "figures.azure.tasks.instanceType=Standard_D8s_v5",
    "disk": "figures.azure.tasks.diskGib=128",
    "pods": "cloud.cluster.maxPods=110",
    "zones": "cloud.zones=['1', '2']",
    "spot": "cloud.tasksOnSpot=true",
}


@pytest.mark.parametrize("what", FIXED)
def test_what_is_fixed_about_a_pool_makes_a_new_one_beside_the_old(plan: PlanOf, what: str) -> None:
    before, after = azure(plan, "production"), azure(plan, "production", FIXED[what])
    old, new = one(before, POOL), one(after, POOL)
    assert (old.urn, new.urn) == (new.urn, old.urn)
    names = {old.inputs["agentPoolName"], new.inputs["agentPoolName"]}
    assert len(names) == 2
    assert all(re.fullmatch(r"[a-z][a-z0-9]{0,11}", name) for name in names)  # AKS's own rule
    (change,) = [each for each in diff.compare(before, after).changes if each.resource.urn == new.urn]
    assert change.kind == "replaced"
    assert new.options.delete_before_replace is None
    assert before.by_urn[old.urn].inputs["nodeLabels"]["airflow.apache.org/pool"] == "tasks"


def test_what_is_free_about_a_pool_changes_it_in_place(plan: PlanOf) -> None:
    before, after = azure(plan, "production"), azure(plan, "production", "figures.azure.tasks.max=20")
    assert one(before, POOL).inputs["agentPoolName"] == one(after, POOL).inputs["agentPoolName"]
    upgraded = azure(plan, "production", "cloud.cluster.kubernetesVersion='1.36'")
    assert one(before, POOL).inputs["agentPoolName"] == one(upgraded, POOL).inputs["agentPoolName"]


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("size=large", "vmSize"),
        ("cloud.cluster.maxPods=110", "maxPods"),
        ("figures.azure.system.diskGib=128", "osDiskSizeGB"),
    ],
)
def test_what_aks_refuses_is_said_to_be_refused(plan: PlanOf, what: str, path: str) -> None:
    """It was called changed, and the `up` ended with PropertyChangeNotAllowed."""
    found = diff.compare(azure(plan, "production"), azure(plan, "production", what))
    (change,) = [each for each in found.changes if each.resource.type == CLUSTER]
    assert change.refused
    assert change.as_json()["refused"] is True
    assert [edit.path for edit in change.edits if edit.refused] == [f'agentPoolProfiles["system"].{path}']
    text = "\n".join(line.text for line in diff_report.lines(found))
    assert "refused by Azure" in text
    assert "(cannot be changed)" in text
    assert "refused by Azure" in diff_report.markdown(found)


def test_what_aks_changes_is_not_said_to_be_refused(plan: PlanOf) -> None:
    found = diff.compare(azure(plan, "production"), azure(plan, "production", "figures.azure.system.max=9"))
    assert [each.refused for each in found.changes if each.resource.type == CLUSTER] == [False]


POOLS = [(stack, name) for stack in STACKS for name in ("system", "tasks")]


def pool_of(made: Plan, name: str) -> Mapping[str, Any]:
    """The inputs of a pool, be it the cluster's own or a resource."""
    return one(made, CLUSTER).inputs["agentPoolProfiles"][0] if name == "system" else one(made, POOL).inputs


@pytest.mark.parametrize(("stack", "name"), POOLS)
def test_an_upgrade_leaves_a_node_whose_tasks_have_not_ended(plan: PlanOf, stack: str, name: str) -> None:
    """Each Sunday at one, AKS's window drained all nodes within the hour and killed what ran, or failed the upgrade."""
    wanted = {"drainTimeoutInMinutes": 240, "maxSurge": "33%", "undrainableNodeBehavior": "Cordon"}
    assert pool_of(azure(plan, stack), name)["upgradeSettings"] == wanted
    longer = pool_of(azure(plan, stack, "cloud.cluster.drainMinutes=720"), name)
    assert longer["upgradeSettings"]["drainTimeoutInMinutes"] == 720


@pytest.mark.parametrize("stack", STACKS)
def test_no_drain_evicts_a_running_task(plan: PlanOf, stack: str) -> None:
    """An integer `minAvailable` is all that a pod without a controller counts for (Kubernetes' configure-pdb page)."""
    made = azure(plan, stack)
    budget = one(made, BUDGET, "main-task-pods")
    spec = budget.inputs["spec"]
    assert isinstance(spec["minAvailable"], int)
    assert spec["minAvailable"] > Figures.model_validate(TABLE[Size.large]).quota.pods
    assert "maxUnavailable" not in spec
    assert spec["selector"]["matchLabels"] == {"release": "main", "kubernetes_executor": "True"}
    assert not [each for each in aws(plan, stack).of_type(BUDGET) if each.name == "main-task-pods"]  # EKS would give up


@pytest.mark.parametrize(
    ("start", "day", "windows"),
    [
        ("01:00", "Sunday", {("Sunday", "01:00"), ("Sunday", "05:00")}),
        ("21:30", "Sunday", {("Sunday", "21:30"), ("Monday", "01:30")}),
    ],
)
def test_the_two_windows_of_maintenance_follow_each_other(
    plan: PlanOf, start: str, day: str, windows: set[tuple[str, str]]
) -> None:
    made = azure(plan, "production", f"cloud.cluster.maintenanceStart='{start}'", f"cloud.cluster.maintenanceDay={day}")
    found = [
        value(each, "maintenanceWindow") for each in made.of_type(f"{ARM}containerservice:MaintenanceConfiguration")
    ]
    assert {(each["schedule"]["weekly"]["dayOfWeek"], each["startTime"]) for each in found} == windows
    assert {each["durationHours"] for each in found} == {4}


@pytest.mark.parametrize(("stack", "name"), POOLS)
def test_cluster_dns_stays_where_the_policies_know_it(plan: PlanOf, stack: str, name: str) -> None:
    """From Kubernetes 1.37 on LocalDNS is there by default, at an address of its own."""
    for version in ("1.35", "1.37"):
        made = azure(plan, stack, f"cloud.cluster.kubernetesVersion='{version}'")
        assert pool_of(made, name)["localDNSProfile"] == {"mode": "Disabled"}


def test_a_node_uses_its_sizes_own_disk_where_that_is_large_enough(plan: PlanOf) -> None:
    small, large = "Standard_D2ds_v5", "Standard_D4ds_v5"
    for size, disk, kind in (("Standard_D4s_v5", 64, "Managed"), (large, 128, "Ephemeral"), (small, 128, "Managed")):
        sized = [
            f"figures.azure.{name}.{key}"
            for name in ("system", "tasks")
            for key in (f"instanceType={size}", f"diskGib={disk}")
        ]
        made = azure(plan, "production", *sized)
        assert {pool_of(made, name)["osDiskType"] for name in ("system", "tasks")} == {kind}
    assert (
        "agentPoolProfiles[0].osDiskType" in one(made, CLUSTER).options.ignore_changes
    )  # a standing pool keeps its own


@pytest.mark.parametrize("stack", STACKS)
def test_what_aks_keeps_is_changed_by_aks_alone(plan: PlanOf, stack: str) -> None:
    assert value(one(azure(plan, stack), CLUSTER), "nodeResourceGroupProfile.restrictionLevel") == "ReadOnly"


def test_tasks_on_spot_tolerate_what_azure_taints(plan: PlanOf) -> None:
    pool = one(azure(plan, "integration", "cloud.tasksOnSpot=true"), POOL)
    assert (pool.inputs["scaleSetPriority"], pool.inputs["minCount"]) == ("Spot", 0)
    assert "kubernetes.azure.com/scalesetpriority=spot:NoSchedule" in pool.inputs["nodeTaints"]
    assert one(azure(plan, "integration"), POOL).inputs["scaleSetPriority"] == "Regular"


@pytest.mark.parametrize(
    ("controller", "release", "annotation"),
    [
        ("nginx", "ingress-nginx", "load-balancer-health-probe-request-path"),
        ("traefik", "traefik", "load-balancer-health-probe-protocol"),
    ],
)
def test_azures_own_name_and_probe_are_on_the_load_balancer(
    plan: PlanOf, controller: str, release: str, annotation: str
) -> None:
    host = "releases[0].host=airflow-acme.westeurope.cloudapp.azure.com"
    own = ('platform.dns={"state":"off"}', host)
    made = azure(plan, "production", *own, f"platform.ingress.controller={controller}")
    values = json.dumps(dict(one(made, "kubernetes:helm.sh/v3:Release", release).inputs["values"]))
    assert '"service.beta.kubernetes.io/azure-dns-label-name": "airflow-acme"' in values
    assert f'"service.beta.kubernetes.io/azure-{annotation}"' in values
    assert not made.of_type(f"{ARM}dns:RecordSet")


def test_an_own_zone_is_made_and_protected(plan: PlanOf) -> None:
    made = azure(plan, "production", "platform.dns.state=on")
    zone, record = one(made, f"{ARM}dns:Zone"), one(made, f"{ARM}dns:RecordSet")
    assert zone.options.protect
    assert zone.urn in record.depends_on
    assert record.inputs["relativeRecordSetName"] == "airflow"


@pytest.mark.guarantee("the registry is closed on Azure")
def test_a_registry_elsewhere_leaves_none_here(plan: PlanOf) -> None:
    elsewhere = ("cloud.registry=registry.acme.org/data", "releases[0].image.pullSecret=true")
    made = azure(plan, "production", *elsewhere)
    assert not made.of_type(REGISTRY)
    assert made.outputs["registry"] == "registry.acme.org/data"
    assert "airflow:registryConfig" in made.missing_secrets
    secrets = [each for each in made.of_type("kubernetes:core/v1:Secret") if each.inputs.get("type")]
    assert "kubernetes.io/dockerconfigjson" in {each.inputs["type"] for each in secrets}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.guarantee("roles are narrow on Azure", "storage is closed on Azure")
def test_shares_have_daily_snapshots_by_an_identity_of_their_own(plan: PlanOf, stack: str) -> None:
    made = azure(plan, stack, *SHARES)
    job = one(made, CRON_JOB, "share-snapshots")
    pod = job.inputs["spec"]["jobTemplate"]["spec"]["template"]
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    account = one(made, ACCOUNT, "files").inputs["accountName"]
    assert pod["spec"]["containers"][0]["args"][-2].endswith(f"/storageAccounts/{account}")
    key = one(made, "kubernetes:core/v1:Secret", "volumes")
    assert job.inputs["metadata"]["namespace"] != key.inputs["metadata"]["namespace"]
    (permission,) = one(made, DEFINITION).inputs["permissions"]
    assert {action.rpartition("/")[0] for action in permission["actions"]} == {
        "Microsoft.Storage/storageAccounts/fileServices/shares"
    }
    (script,) = [each.inputs["data"] for each in made.of_type(CONFIG_MAP) if each.name == "share-snapshots"]
    assert Path(snapshots.__file__).with_name("scripts").joinpath(*script).read_text() == next(iter(script.values()))


def test_no_snapshots_where_nothing_has_to_last(plan: PlanOf) -> None:
    assert not azure(plan, "production").of_type(DEFINITION)
    thrown_away = azure(plan, "integration", *SHARES, "ephemeral=true")
    assert not thrown_away.of_type(DEFINITION)
