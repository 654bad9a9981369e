"""The shipped Azure stacks as plans, in each size."""

from collections.abc import Callable

from infra.preview.model import Plan
from infra.settings import Size

STACKS = ("integration", "production")
CASES = [(stack, size.value) for stack in STACKS for size in Size]
#: A release with shares, so that accounts and volumes are in the plan.
SHARES = ('releases[0].dags={"kind":"share"}', 'releases[0].logs={"kind":"share"}')

HUB = "/subscriptions/8d3f1c52-0b7e-4f7c-9a43-6a5f0e1d2c3b/resourceGroups/hub/providers/Microsoft.Network"
#: A VNet that somebody else keeps.
EXISTING = {
    "kind": "existing",
    **{f"{name}SubnetId": f"{HUB}/virtualNetworks/hub/subnets/{name}" for name in ("nodes", "database", "endpoints")},
    "postgresZoneId": f"{HUB}/privateDnsZones/acme.private.postgres.database.azure.com",
    **{f"{name}ZoneId": f"{HUB}/privateDnsZones/privatelink.{name}.core.windows.net" for name in ("blob", "file")},
    "nodesCidr": "10.9.0.0/24",
    "databaseCidr": "10.9.1.0/24",
    "endpointsCidr": "10.9.2.0/24",
    "outbound": "routes",
}


def azure(plan: Callable[..., Plan], stack: str, *config: str) -> Plan:
    """The plan of a shipped Azure stack with these what-if values."""
    return plan(stack, "examples/azure", *config)
