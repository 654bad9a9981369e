"""The shipped Azure stacks hold the invariants in every size, and each invariant notices what breaks it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.preview.model import Resource
from tests.program import invariants, invariants_azure
from tests.program.azure_plans import CASES, EXISTING, SHARES, STACKS, azure
from tests.program.conftest import PlanOf
from tests.program.invariants_azure import (
    ACCOUNT,
    ASSIGNMENT,
    CLUSTER,
    CREDENTIAL,
    DEFINITION,
    FILE_SERVICE,
    GROUP,
    PARAMETER,
    POOL,
    REGISTRY,
    SECURITY_GROUP,
    SERVER,
    SHARE,
    SUBNET,
)
from tests.program.reading import one, tampered

ROLES = "/subscriptions/8d3f1c52-0b7e-4f7c-9a43-6a5f0e1d2c3b/providers/Microsoft.Authorization/roleDefinitions"
OWNER = f"{ROLES}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


@pytest.mark.parametrize(("stack", "size"), CASES)
@invariants_azure.AZURE_PLANS
def test_invariants(plan: PlanOf, stack: str, size: str) -> None:
    made = azure(plan, stack, f"size={size}")
    assert not made.of_type(f"{invariants_azure.ARM}keyvault:Vault")
    assert invariants.broken(made) == []
    assert invariants_azure.broken(made) == []


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.guarantee("storage is closed on Azure")
def test_invariants_of_shares(plan: PlanOf, stack: str) -> None:
    made = azure(plan, stack, *SHARES)
    assert {share.inputs["shareName"] for share in made.of_type(SHARE)} == {"main-dags", "main-logs", "main-plugins"}
    assert invariants_azure.broken(made) == []


@pytest.mark.parametrize(
    "config",
    [
        ("cloud.cluster.api=private", "cloud.cluster.apiAllowedCidrs=[]"),
        ("cloud.tasksOnSpot=true",),
        ("platform.dns.state=on",),
        ("platform.certificates.challenge=dns01",),
        ("platform.ingress.controller=traefik",),
        (f"cloud.network={json.dumps(EXISTING)}",),
        ('cloud.zones=["1","3"]', "figures.azure.databaseClass=Standard_E4ds_v5"),
        ("cloud.region=polandcentral", "cloud.database.geoRedundantBackup=false"),
        ("cloud.cluster.login=workloadidentity", "cloud.cluster.maxPods=110", "cloud.database.postgresMajor=15"),
    ],
)
@pytest.mark.parametrize("stack", STACKS)
@invariants_azure.AZURE_PLANS
def test_invariants_of_other_choices(plan: PlanOf, stack: str, config: tuple[str, ...]) -> None:
    if stack == "integration":
        config = (*config, "cloud.database.highlyAvailable=true")
    made = azure(plan, stack, *config)
    assert invariants.broken(made) == []
    assert invariants_azure.broken(made) == []


@pytest.mark.parametrize(
    ("rule", "type_", "name", "path", "bad"),
    [
        ("database_is_safe", SERVER, None, "network.publicNetworkAccess", "Enabled"),
        ("database_is_safe", SERVER, None, "network.delegatedSubnetResourceId", None),
        ("database_is_safe", SERVER, None, "highAvailability.mode", "SameZone"),
        ("database_is_safe", SERVER, None, "highAvailability.standbyAvailabilityZone", "1"),
        ("database_is_safe", SERVER, None, "backup.geoRedundantBackup", "Disabled"),
        ("database_is_safe", SERVER, None, "backup.backupRetentionDays", 3),
        ("parameters_are_chained", PARAMETER, "require-secure-transport", "value", "off"),
        ("parameters_are_chained", PARAMETER, "ssl-min-protocol-version", "configurationName", "other"),
        ("groups_admit_nodes_alone", SECURITY_GROUP, "database", "securityRules.0.sourceAddressPrefix", "*"),
        ("groups_admit_nodes_alone", SECURITY_GROUP, "database", "securityRules.1.destinationPortRanges", ["5432"]),
        ("groups_admit_nodes_alone", SECURITY_GROUP, "nodes", "securityRules.0.destinationPortRanges", ["22"]),
        ("groups_admit_nodes_alone", SECURITY_GROUP, "endpoints", "securityRules.1.access", "Allow"),
        ("cluster_is_closed", CLUSTER, None, "disableLocalAccounts", False),
        ("cluster_is_closed", CLUSTER, None, "aadProfile.enableAzureRBAC", None),
        ("cluster_is_closed", CLUSTER, None, "oidcIssuerProfile.enabled", False),
        ("cluster_is_closed", CLUSTER, None, "securityProfile.workloadIdentity.enabled", None),
        ("cluster_is_closed", CLUSTER, None, "identity.type", "SystemAssigned"),
        ("cluster_is_closed", CLUSTER, None, "networkProfile.networkPolicy", None),
        ("cluster_is_closed", CLUSTER, None, "apiServerAccessProfile.disableRunCommand", False),
        ("cluster_is_closed", CLUSTER, None, "apiServerAccessProfile.authorizedIPRanges", []),
        ("cluster_is_closed", CLUSTER, None, "sku.tier", "Free"),
        ("cluster_is_closed", CLUSTER, None, "agentPoolProfiles.0.nodeTaints", []),
        ("cluster_is_closed", POOL, None, "nodeTaints", None),
        ("registry_is_closed", REGISTRY, None, "adminUserEnabled", True),
        ("registry_is_closed", REGISTRY, None, "anonymousPullEnabled", True),
        ("registry_is_closed", ASSIGNMENT, "registry-pull", "roleDefinitionId", OWNER),
        ("storage_is_closed", ACCOUNT, "files", "networkRuleSet.defaultAction", "Allow"),
        ("storage_is_closed", ACCOUNT, "files", "minimumTlsVersion", "TLS1_0"),
        ("storage_is_closed", ACCOUNT, "files", "enableHttpsTrafficOnly", False),
        ("storage_is_closed", ACCOUNT, "files", "allowBlobPublicAccess", True),
        ("storage_is_closed", ACCOUNT, "main-logs", "allowSharedKeyAccess", True),
        ("storage_is_closed", FILE_SERVICE, None, "shareDeleteRetentionPolicy.enabled", False),
        ("roles_are_narrow", DEFINITION, None, "permissions.0.actions", ["Microsoft.Storage/*"]),
        ("roles_are_narrow", DEFINITION, None, "permissions.0.dataActions", ["Microsoft.Storage/x/read"]),
        ("roles_are_narrow", ASSIGNMENT, "registry-pull", "principalType", None),
        ("roles_are_narrow", ASSIGNMENT, "registry-pull", "roleDefinitionId", OWNER),
        ("roles_are_narrow", ASSIGNMENT, "registry-pull", "scope", "/subscriptions/8d3f1c52"),
        ("everything_is_tagged", f"{invariants_azure.ARM}network:NatGateway", None, "tags", None),
        ("the_subscription_is_the_expected_one", "pulumi:providers:azure-native", None, "subscriptionId", None),
    ],
)
@pytest.mark.guarantee("every check of a plan notices what breaks it")
def test_an_invariant_notices(plan: PlanOf, rule: str, type_: str, name: str | None, path: str, bad: Any) -> None:
    good = azure(plan, "production", SHARES[0])
    check = getattr(invariants_azure, rule)
    assert list(check(good)) == []
    assert list(check(tampered(good, one(good, type_, name), path, bad)))


def without_protection(resource: Resource) -> Resource:
    return replace(resource, options=replace(resource.options, protect=False))


def without_ignoring(resource: Resource) -> Resource:
    return replace(resource, options=replace(resource.options, ignore_changes=()))


def at_once(resource: Resource) -> Resource:
    return replace(resource, depends_on=())


@pytest.mark.parametrize(
    ("rule", "type_", "name", "spoil"),
    [
        ("data_is_protected", SERVER, None, without_protection),
        ("data_is_protected", ACCOUNT, "files", without_protection),
        ("data_is_protected", GROUP, None, without_protection),
        ("database_is_safe", SERVER, None, without_ignoring),
        ("database_is_safe", SERVER, None, at_once),
        ("parameters_are_chained", PARAMETER, "log-statement", at_once),
        ("roles_are_narrow", CREDENTIAL, "main-worker", at_once),
        ("groups_admit_nodes_alone", SUBNET, "nodes", at_once),
        ("the_subscription_is_the_expected_one", SERVER, None, lambda one: replace(one, provider=None)),
    ],
)
@pytest.mark.guarantee("every check of a plan notices what breaks it", "a database failover on Azure")
def test_an_invariant_notices_options_and_order(
    plan: PlanOf, rule: str, type_: str, name: str | None, spoil: Callable[[Resource], Resource]
) -> None:
    good = azure(plan, "production", SHARES[0])
    bad = one(good, type_, name)
    check = getattr(invariants_azure, rule)
    assert list(check(good)) == []
    spoilt = tuple(spoil(each) if each is bad else each for each in good.resources)
    assert list(check(replace(good, resources=spoilt)))


@pytest.mark.guarantee("federated credentials written at the same time")
def test_credentials_are_written_one_after_another(plan: PlanOf) -> None:
    credentials = azure(plan, "production").of_type(CREDENTIAL)
    assert len(credentials) == len({one.inputs["subject"] for one in credentials}) > 2
    first = [one for one in credentials if not {other.urn for other in credentials} & set(one.depends_on)]
    assert len(first) == 1
