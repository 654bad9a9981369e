"""Any legal combination of cloud, tier, size and parts yields a plan that holds the invariants."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.preview import planning
from infra.settings import SettingsError
from tests.program.invariants import broken
from tests.program.stacks import SHIPPED

STATES = st.sampled_from(["on", "existing", "off"])
AXES = st.fixed_dictionaries(
    {
        "tier": st.sampled_from(["local", "integration", "production"]),
        "size": st.sampled_from(["small", "medium", "large"]),
        "ephemeral": st.sampled_from(["true", "false"]),
        "platform.ingress.state": STATES,
        "platform.ingress.controller": st.sampled_from(["nginx", "traefik"]),
        "platform.certificates.state": STATES,
        "platform.dns.state": STATES,
        "platform.monitoring.state": STATES,
        "platform.chaos.state": st.sampled_from(["on", "off"]),
    }
)


@pytest.mark.parametrize(("stack", "stacks"), [one for one in SHIPPED if one[0] != "production"])
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(axes=AXES)
def test_every_legal_stack_holds_the_invariants(stack: str, stacks: str, axes: Mapping[str, Any]) -> None:
    # checks: invariants 1, 2, 3, 4, 22, 23, 24, 25
    request = planning.Request(stack, Path(planning.ROOT, stacks), [f"{key}={value}" for key, value in axes.items()])
    try:
        plan = planning.make(request).plan
    except SettingsError as error:
        # An illegal combination says so in full; a problem without a cure is a defect of ours.
        assert all(problem.rule and problem.cure for problem in error.problems)
        return
    assert broken(plan) == []
    assert "plan-placeholder" not in json.dumps(plan.as_json())
