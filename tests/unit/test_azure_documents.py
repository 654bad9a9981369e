"""docs/azure.md and the deploying role agree with the program."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from infra.cloud.azure import identity
from infra.preview.planning import ROOT
from infra.settings import Size
from infra.settings.figures import Figures
from infra.settings.sizes import TABLE
from ops.judge import arm
from ops.preflight.azure import PROVIDERS

PAGE = (Path(ROOT) / "docs" / "azure.md").read_text()
ROLE = json.loads((Path(ROOT) / "docs" / "azure" / "deploy-role.json").read_text())
HOURS = 730


def rows() -> list[list[str]]:
    """The table of costs: what, rate, and how many in each size."""
    table = PAGE.partition("## Costs")[2].partition("**sum**")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.count("|") == 6
    ][2:]


@pytest.mark.parametrize(("column", "size"), list(enumerate(Size)))
def test_the_price_is_the_sum_of_its_rates(column: int, size: Size) -> None:
    total = 0.0
    for _, rate, *counts in rows():
        dollars = float(re.match(r"[\d.]+", rate)[0])  # type: ignore[index]
        total += dollars * (HOURS if "hour" in rate else 1) * float(counts[column] or 0)
    price = Figures.model_validate(TABLE[size]).azure.price
    assert round(total) == price.usd
    assert f"**{round(total)}**" in PAGE
    assert "docs/azure.md" in price.source


@pytest.mark.parametrize("kind", sorted({entry["type"] for entry in arm.types().values()}))
def test_the_role_may_make_every_type_of_ours(kind: str) -> None:
    wanted = "Microsoft.Resources/subscriptions/resourceGroups" if kind.startswith("Microsoft.Resources") else kind
    assert any(fnmatchcase(f"{wanted}/write", action) for action in ROLE["Actions"])
    assert any(fnmatchcase(f"{wanted}/delete", action) for action in ROLE["Actions"])


def allowed(action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in ROLE["Actions"])


#: Where Resource Manager sends who waits for a long operation (Azure-AsyncOperation, Location): the operations of each
#: provider, learn.microsoft.com/azure/role-based-access-control/permissions/networking and its neighbours.
POLLED = {
    "Microsoft.Network/privateDnsZones": ("privateDnsOperationStatuses", "privateDnsOperationResults"),
    "Microsoft.Network/dnsZones": ("dnsoperationstatuses", "dnsoperationresults"),
    "Microsoft.Network/": ("locations/operations", "locations/operationResults"),
    "Microsoft.ContainerService/": ("locations/operations", "locations/operationresults"),
    "Microsoft.ContainerRegistry/": ("locations/operationResults",),
    "Microsoft.DBforPostgreSQL/": ("locations/azureAsyncOperation", "locations/operationResults"),
    "Microsoft.Storage/": ("locations/asyncoperations",),
    "Microsoft.OperationalInsights/": ("locations/operationstatuses",),
    "Microsoft.Resources/resourceGroups": ("subscriptions/operationresults",),
}


@pytest.mark.parametrize("kind", sorted({entry["type"] for entry in arm.types().values()}))
def test_the_role_may_read_what_it_makes_and_poll_until_it_is_there(kind: str) -> None:
    """Without the right to poll, the first `up` stops at the first private zone, made as it is."""
    wanted = "Microsoft.Resources/subscriptions/resourceGroups" if kind.startswith("Microsoft.Resources") else kind
    namespace = kind.partition("/")[0]
    assert allowed(f"{wanted}/read")
    for prefix, polled in POLLED.items():
        if kind.startswith(prefix):
            assert [one for one in polled if not allowed(f"{namespace}/{one}/read")] == []


def test_every_provider_of_ours_is_registered_and_polled() -> None:
    assert [name for name in PROVIDERS if not allowed(f"{name}/register/action")] == []
    assert {kind.partition("/")[0] for kind in POLLED} <= {*PROVIDERS, "Microsoft.Resources"}


#: Commands of this page and of the runbooks, and the right that each asks for.
COMMANDS = {
    "az provider register": "Microsoft.DBforPostgreSQL/register/action",
    "az postgres flexible-server backup create": "Microsoft.DBforPostgreSQL/flexibleServers/backups/write",
    "az postgres flexible-server restore": "Microsoft.DBforPostgreSQL/flexibleServers/write",
    "az postgres flexible-server update": "Microsoft.DBforPostgreSQL/flexibleServers/write",
    "az storage account keys renew": "Microsoft.Storage/storageAccounts/regenerateKey/action",
    "az storage share-rm list": "Microsoft.Storage/storageAccounts/fileServices/shares/read",
    "az storage share-rm restore": "Microsoft.Storage/storageAccounts/fileServices/shares/restore/action",
    "az resource list": "Microsoft.Resources/subscriptions/resources/read",
    "az role definition list": "Microsoft.Authorization/roleDefinitions/read",
    "az acr login": "Microsoft.ContainerRegistry/registries/read",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_role_may_what_the_page_says(command: str) -> None:
    assert command in PAGE
    assert allowed(COMMANDS[command])


@pytest.mark.parametrize(
    "action",
    [
        "Microsoft.Insights/metrics/read",
        "Microsoft.Insights/eventtypes/values/read",
        "Microsoft.ResourceHealth/availabilityStatuses/read",
    ],
)
def test_the_role_may_look_at_why_something_stands_still(action: str) -> None:
    assert allowed(action)


def test_the_role_is_no_owners() -> None:
    assert not any(pattern.startswith("*") for pattern in ROLE["Actions"])
    for action in (
        "Microsoft.Compute/virtualMachines/delete",
        "Microsoft.KeyVault/vaults/write",
        "Microsoft.Sql/servers/delete",
    ):
        assert not allowed(action)


def test_the_condition_lets_it_give_and_take_the_five_roles_alone() -> None:
    given = json.loads((Path(ROOT) / "docs" / "azure" / "deploy-assignment.json").read_text())["properties"]
    own = (identity.ACR_PULL, identity.AKS_CLUSTER_ADMIN, identity.BLOB_DATA_CONTRIBUTOR, identity.DNS_ZONE_CONTRIBUTOR)
    roles = {*own, identity.NETWORK_CONTRIBUTOR}
    assert given["conditionVersion"] == "2.0"
    for act, which in (("write", "@Request"), ("delete", "@Resource")):
        part = f"roleAssignments/{act}'}})) OR ({which}[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
        _, found, rest = given["condition"].partition(part)
        assert found
        assert set(rest.partition("{")[2].partition("}")[0].split(", ")) == roles


def test_the_preflight_asks_for_every_provider_of_ours() -> None:
    own = {entry["type"].partition("/")[0] for entry in arm.types().values()}
    # Always registered: learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
    assert own - {"Microsoft.Authorization", "Microsoft.Resources"} <= set(PROVIDERS)
