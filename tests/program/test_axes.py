"""Any legal combination of cloud, tier, size, parts, executor, DAG and log mode holds the invariants."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.preview import planning
from infra.settings import SettingsError
from tests.program.invariants import EVERY_PLAN, broken
from tests.program.stacks import SHIPPED

STATES = st.sampled_from(["on", "existing", "off"])
DAGS = st.sampled_from(
    [
        {"kind": "image"},
        {"kind": "git", "repository": "https://git.your-company.com/dags.git"},
        {"kind": "bundle", "repositories": [{"name": "main", "repository": "https://git.your-company.com/dags.git"}]},
        {"kind": "share"},
    ]
)
EXECUTORS = st.sampled_from(
    [
        {"executor": "LocalExecutor"},
        {"executor": "KubernetesExecutor"},
        {"executor": "CeleryExecutor", "celery": {"broker": "redis", "flower": True}},
        {"executor": "CeleryExecutor", "celery": {"broker": "rabbitmq", "keda": {"maxWorkers": 4}}},
        {"executor": "CeleryExecutor,KubernetesExecutor", "celery": {"broker": "redis"}},
    ]
)
LOGS = st.sampled_from([None, {"kind": "objectStore"}, {"kind": "share"}])
AXES = st.fixed_dictionaries(
    {
        "tier": st.sampled_from(["local", "integration", "production"]),
        "size": st.sampled_from(["small", "medium", "large"]),
        "ephemeral": st.booleans(),
        "controller": st.sampled_from(["nginx", "traefik"]),
        "parts": st.fixed_dictionaries(
            {part: STATES for part in ("ingress", "certificates", "dns", "monitoring", "keda")}
            | {"chaos": st.sampled_from(["on", "off"])}
        ),
        "dags": DAGS,
        "executor": EXECUTORS,
        "logs": LOGS,
    }
)


def stack_file(stack: str, stacks: str, axes: dict[str, Any]) -> dict[str, Any]:
    """The shipped stack file with the axes laid on it."""
    data = yaml.safe_load(Path(planning.ROOT, stacks, f"Pulumi.{stack}.yaml").read_text())
    config = data["config"]
    for key in ("tier", "size", "ephemeral"):
        config[f"airflow:{key}"] = axes[key]
    platform = config["airflow:platform"]
    for part, state in axes["parts"].items():
        shipped = platform.get(part)
        platform[part] = {**(shipped if isinstance(shipped, dict) else {}), "state": state}
    release = config["airflow:releases"][0]
    platform["ingress"]["controller"] = axes["controller"]
    if axes["parts"]["certificates"] == "existing":
        platform["certificates"]["existingIssuer"] = "company-ca"
    if axes["parts"]["ingress"] == "existing":
        platform["ingress"] |= {"className": "company", "existingAddress": "lb.your-company.com"}
    if axes["parts"]["ingress"] == "off":
        release.pop("host", None)
    release.pop("celery", None)
    release.update(axes["executor"], dags=axes["dags"])
    if axes["logs"]:
        release["logs"] = axes["logs"]
    return data


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
