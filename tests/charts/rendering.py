"""`helm template` of a chart, archive or sources, with values: its objects."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra import versions
from tests.charts import pinned


def template(
    chart: Path | str, values: Mapping[str, Any], folder: Path, *, name: str = "main", namespace: str = "airflow-main"
) -> str:
    """What helm writes for these values; `folder` takes the file of values."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(dict(values)))
    command = ["helm", "template", name, str(chart), "--namespace", namespace, "--values", str(file)]
    # A helm that `go install` built takes itself for one of Kubernetes 1.20.
    version = ["--kube-version", f"{versions.KUBERNETES_DEFAULT}.0"]
    done = subprocess.run([*command, *version], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def parsed(text: str) -> list[dict[str, Any]]:
    """The objects in it."""
    return [item for item in yaml.load_all(text, pinned.LOADER) if item]


def chart(name: str) -> Path:
    """Where `make test-charts` puts the pinned chart."""
    folder = pinned.CHARTS[name].folder
    assert folder.is_dir(), f"{folder} is not there: `make test-charts` provides it"
    return folder
