"""docs/azure.md and the deploying role agree with the program."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

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


def test_the_preflight_asks_for_every_provider_of_ours() -> None:
    own = {entry["type"].partition("/")[0] for entry in arm.types().values()}
    # Always registered: learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
    assert own - {"Microsoft.Authorization", "Microsoft.Resources"} <= set(PROVIDERS)
