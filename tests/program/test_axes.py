"""Any legal combination of cloud, tier, size, parts, executor, DAG and log mode holds the invariants."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.preview import planning
from infra.settings import SettingsError
from tests.program.axes import CONTROLLERS, DAGS, EXECUTORS, LOGS, SIZES, STATES, TIERS, stack_file
from tests.program.invariants import EVERY_PLAN, broken
from tests.program.stacks import SHIPPED

AXES = st.fixed_dictionaries(
    {
        "tier": st.sampled_from(TIERS),
        "size": st.sampled_from(SIZES),
        "ephemeral": st.booleans(),
        "controller": st.sampled_from(CONTROLLERS),
        "parts": st.fixed_dictionaries(
            {part: st.sampled_from(STATES) for part in ("ingress", "certificates", "dns", "monitoring", "keda")}
            | {"chaos": st.sampled_from(["on", "off"])}
        ),
        "dags": st.sampled_from(DAGS),
        "executor": st.sampled_from(EXECUTORS),
        "logs": st.sampled_from(LOGS),
    }
)


# No shrinking: an example takes seconds to plan, and what fails names the resource anyway.
@pytest.mark.parametrize(("stack", "stacks"), [one for one in SHIPPED if one[0] != "production"])
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(axes=AXES)
@EVERY_PLAN
def test_every_legal_stack_holds_the_invariants(
    stack: str, stacks: str, tmp_path_factory: pytest.TempPathFactory, axes: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("stacks")
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(stack_file(stack, stacks, axes)))
    try:
        plan = planning.make(planning.Request(stack, folder)).plan
    except SettingsError as error:
        said = error.problems
    else:
        assert broken(plan) == []
        assert "plan-placeholder" not in json.dumps(plan.as_json())
        return
    # An illegal combination says so in full; a problem without a rule or a cure is a defect of ours.
    assert said
    assert all(problem.rule and problem.cure for problem in said)
