"""What a stack can be made of: the axes of the tests, and a stack file with them laid on it."""

from pathlib import Path
from typing import Any

import yaml

from infra.preview import planning

TIERS = ("local", "integration", "production")
SIZES = ("small", "medium", "large")
CONTROLLERS = ("nginx", "traefik")
STATES = ("on", "existing", "off")
DAGS = (
    {"kind": "image"},
    {"kind": "git", "repository": "https://git.your-company.com/dags.git"},
    {"kind": "bundle", "repositories": [{"name": "main", "repository": "https://git.your-company.com/dags.git"}]},
    {"kind": "share"},
)
EXECUTORS = (
    {"executor": "LocalExecutor"},
    {"executor": "KubernetesExecutor"},
    {"executor": "CeleryExecutor", "celery": {"broker": "redis", "flower": True}},
    {"executor": "CeleryExecutor", "celery": {"broker": "rabbitmq", "keda": {"maxWorkers": 4}}},
    {"executor": "CeleryExecutor,KubernetesExecutor", "celery": {"broker": "redis"}},
)
LOGS = (None, {"kind": "objectStore"}, {"kind": "share"})


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
