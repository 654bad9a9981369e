"""The shipped AWS stacks as plans, in each size, and how tests read them."""

from collections.abc import Callable

from infra.preview.model import Plan
from infra.settings import Size

STACKS = ("integration", "production")
CASES = [(stack, size.value) for stack in STACKS for size in Size]
#: A release with shares, so that access points and volumes are in the plan.
SHARES = ('releases[0].dags={"kind": "share"}', 'releases[0].logs={"kind": "share"}')


def aws(plan: Callable[..., Plan], stack: str, *config: str) -> Plan:
    """The plan of a shipped AWS stack with these what-if values."""
    return plan(stack, ".", *config)
