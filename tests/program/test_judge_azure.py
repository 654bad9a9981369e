"""The Azure plan as an ARM template, and checkov's verdict on it."""

import importlib
import inspect
from typing import Any

import pytest

from ops.errors import OpsError
from ops.judge import arm, checkov, verdict
from tests.program.azure_plans import SHARES, STACKS, azure
from tests.program.conftest import PlanOf
from tests.program.invariants_azure import ACCOUNT, CLUSTER
from tests.program.reading import one, tampered

needs_checkov = pytest.mark.skipif(not checkov.CHECKOV.exists(), reason="make judge installs checkov")


def test_the_plan_is_an_arm_template(plan: PlanOf) -> None:
    made = azure(plan, "production", *SHARES)
    template = arm.convert(made)
    assert len(template["resources"]) == len([each for each in made if each.type.startswith("azure-native:")])
    by_type: dict[str, dict[str, Any]] = {each["type"]: each for each in template["resources"]}
    server = by_type["Microsoft.DBforPostgreSQL/flexibleServers"]
    assert server["sku"] == {"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"}
    assert server["tags"]["managed-by"] == "pulumi"
    assert server["properties"]["administratorLoginPassword"] == "[parameters('secret')]"
    assert server["properties"]["highAvailability"]["mode"] == "ZoneRedundant"
    account = by_type["Microsoft.Storage/storageAccounts"]
    assert account["properties"]["supportsHttpsTrafficOnly"] is True
    assert account["properties"]["networkAcls"]["defaultAction"] == "Deny"
    rule = by_type["Microsoft.Network/networkSecurityGroups"]["properties"]["securityRules"][0]
    assert rule.keys() == {"name", "properties"}
    assert rule["properties"]["direction"] == "Inbound"
    pool = by_type["Microsoft.ContainerService/managedClusters"]["properties"]["agentPoolProfiles"][0]
    assert pool["maxPods"] == 60
    assert "resourceGroupName" not in str(template)


@pytest.mark.parametrize("token", sorted(arm.types()))
def test_a_types_version_is_the_one_that_the_sdk_speaks(token: str) -> None:
    _, module, name = token.split(":")
    source = inspect.getsource(getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name))
    assert f"Uses Azure REST API version {arm.types()[token]['version']}." in source


def test_a_type_without_an_arm_name_is_said(plan: PlanOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm, "types", dict)
    with pytest.raises(OpsError, match="no ARM name for azure-native:"):
        arm.convert(azure(plan, "production"))


@needs_checkov
def test_checkov_passes_the_shipped_stacks(plan: PlanOf) -> None:
    waivers = verdict.waivers(verdict.WAIVERS_AZURE)
    used: set[verdict.Waiver] = set()
    for stack in STACKS:
        judged = verdict.judge_findings(checkov.evaluate(azure(plan, stack, *SHARES[:1])), waivers, stack)
        assert judged.good, judged.lines()
        assert judged.passed >= 30
        used |= {waiver for waiver in waivers for each in judged.waived if waiver.covers(each, stack)}
    assert used == set(waivers), "a waiver that nothing needs any more"


@needs_checkov
def test_checkov_notices_open_accounts(plan: PlanOf) -> None:
    made = azure(plan, "production")
    worse = tampered(made, one(made, CLUSTER), "disableLocalAccounts", False)
    worse = tampered(worse, one(worse, ACCOUNT), "networkRuleSet.defaultAction", "Allow")
    judged = verdict.judge_findings(checkov.evaluate(worse), verdict.waivers(verdict.WAIVERS_AZURE), "production")
    assert {each.rule for each in judged.broken} == {"CKV_AZURE_141", "CKV_AZURE_35"}
