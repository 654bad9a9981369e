"""The shipped local stack, as its owner fills it in for this cluster, and the changes of its life."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from infra.settings.base import Size
from infra.settings.sizes import TABLE
from ops.cluster import Cluster
from tests.e2e.clone import FOLDER, Clone
from tests.live.site import IMAGE

NODE_FOLDER = Path(os.environ.get("NODE_FOLDER") or "/airflow")
"""Where the cluster's node sees the checkout, as docs/existing.md mounts it."""
Config = dict[str, Any]
CELERY = {"executor": "CeleryExecutor", "celery": {"broker": "redis", "concurrency": 4}}


def fill(clone: Clone, cluster: Cluster) -> None:
    """One release with KubernetesExecutor. Requests of CPU are small, so that two releases fit on a laptop's node."""
    lead = dict(zip(cluster.leads[::2], cluster.leads[1::2], strict=True))
    small = {"cpu": "20m"}
    figures = {name: small for name, one in TABLE[Size.small].items() if "cpuLimit" in one}

    def change(config: Config) -> None:
        config["cloud"] |= {"kubeconfig": lead["--kubeconfig"], "context": lead["--context"]}
        seen = NODE_FOLDER / clone.project.relative_to(FOLDER.parents[1])
        config["cloud"]["files"] = {"kind": "hostPath", "path": str(seen)}
        config["figures"] = figures
        config["releases"][0] |= {"executor": "KubernetesExecutor", "path": "/main", "image": image(IMAGE)}

    edit(clone, change)


def add_second(config: Config) -> None:
    """A second release, on CeleryExecutor."""
    first = config["releases"][0]
    config["releases"].append({**first, "name": "second", "path": "/second", **CELERY})


def image(name: str) -> Config:
    repository, _, tag = name.rpartition(":")
    return {"repository": repository, "tag": tag}


def read(clone: Clone) -> Config:
    """The stack's config by key, without the project's name."""
    content = yaml.safe_load(_file(clone).read_text())
    return {key.removeprefix("airflow:"): value for key, value in content["config"].items()}


def edit(clone: Clone, change: Callable[[Config], None]) -> None:
    """Change keys of the stack file, secrets untouched."""
    content, config = yaml.safe_load(_file(clone).read_text()), read(clone)
    change(config)
    content["config"] = {key if ":" in key else f"airflow:{key}": value for key, value in config.items()}
    _file(clone).write_text(yaml.safe_dump(content, sort_keys=False))


def _file(clone: Clone) -> Path:
    return clone.project / "Pulumi.local.yaml"
