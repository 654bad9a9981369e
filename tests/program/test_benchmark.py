"""The benchmarks start as files and as modules, and what `benchmarks/preview.py` measures is a legal stack."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import preview
from infra.preview import planning

BENCHMARKS = sorted(Path(planning.ROOT, "benchmarks").glob("*.py"))


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda file: file.stem)
def test_a_benchmark_runs_as_a_file_and_as_a_module(file: Path, tmp_path: Path) -> None:
    """As a file its folder comes first on the path: a name there must not hide a package of the project."""
    as_file = subprocess.run(
        [sys.executable, file, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert as_file.returncode == 0, as_file.stderr
    command = [sys.executable, "-m", f"benchmarks.{file.stem}", "--help"]
    as_module = subprocess.run(command, cwd=planning.ROOT, capture_output=True, text=True, check=False)
    assert as_module.returncode == 0, as_module.stderr
    assert "usage:" in as_file.stdout
    assert as_file.stdout.partition("options:")[2] == as_module.stdout.partition("options:")[2]


@pytest.mark.parametrize("stack", ["local", "production"])
def test_many_releases_make_a_plan(stack: str) -> None:
    releases = json.dumps(preview.copies(stack, 3))
    plan = planning.make(planning.Request(stack, config=[f"releases={releases}"])).plan
    assert [item.name for item in plan.of_type("airflow:airflow:AirflowRelease")] == ["r00", "r01", "r02"]
