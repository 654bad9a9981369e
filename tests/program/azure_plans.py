"""The shipped Azure stacks as plans, in each size."""

from collections.abc import Callable

from infra.preview.model import Plan
from infra.settings import Size

STACKS = ("integration", "production")
CASES = [(stack, size.value) for stack in STACKS for size in Size]
#: A release with shares, so that accounts and volumes are in the plan.
SHARES = ('releases[0].dags={"kind":"share"}', 'releases[0].logs={"kind":"share"}')


def azure(plan: Callable[..., Plan], stack: str, *config: str) -> Plan:
    """The plan of a shipped Azure stack with these what-if values."""
    return plan(stack, "examples/azure", *config)
