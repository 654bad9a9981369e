"""The template of a repository that holds DAGs alone: its workflows, and how it starts this program's deliveries."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.github import INTEGRATED
from infra import versions
from infra.preview.planning import ROOT
from tests.unit.test_workflows import check, jobs, starts

TEMPLATE = ROOT / "examples" / "dags-repository"
WORKFLOWS = sorted((TEMPLATE / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_fits_its_schema_and_pins_what_the_programs_pin(path: Path) -> None:
    check("vendor.github-workflows", path)
    pinned = "".join(one.read_text() for one in (ROOT / ".github/workflows").glob("*.yml"))
    for used in re.findall(r"uses: (\S+)", path.read_text()):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used)
        assert used in pinned
    scripts = [step["run"] for job in jobs(path).values() for step in job["steps"] if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_a_pull_request_is_checked_without_a_secret() -> None:
    dags = TEMPLATE / ".github/workflows/dags.yml"
    assert starts(dags) == {"pull_request", "push", "workflow_dispatch"}
    assert "secrets." not in str(jobs(dags)["check"])
    for name in ("integration", "production"):
        assert jobs(dags)[name]["needs"] == "check"
    assert "github.event_name != 'pull_request'" in jobs(dags)["integration"]["if"]
    # by which the bot knows that main went well
    assert jobs(dags)["integration"]["name"].replace("${{ github.ref_name }}", "main") == INTEGRATED[0]


def test_what_it_starts_is_there_and_takes_what_it_gives() -> None:
    for name in ("integration", "production", "unlock"):
        program = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
        assert "dags" in program[True]["workflow_dispatch"]["inputs"]
        if name != "unlock":
            assert "format('dags {0}', inputs.dags)" in program["run-name"]
            assert program["run-name"].endswith(f" to {name}")


def test_it_begins_with_this_programs_canary_image_and_ruff() -> None:
    assert (TEMPLATE / "dags/canary.py").read_text() == (ROOT / "dags/canary.py").read_text()
    text = (TEMPLATE / "Makefile").read_text()
    assert f"IMAGE ?= {versions.AIRFLOW_IMAGE}:{versions.AIRFLOW_IMAGE_TAG}\n" in text
    pin = re.search(r"^ruff==(\S+)", (ROOT / "requirements/dev.txt").read_text(), re.M)
    assert pin
    assert f"RUFF_VERSION := {pin[1]}\n" in text


def copied(folder: Path) -> Path:
    shutil.copytree(TEMPLATE, folder / "dags-repository", ignore=shutil.ignore_patterns("__pycache__", ".ruff_cache"))
    return folder / "dags-repository"


def make(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = ["make", "--no-print-directory", *words]
    env = {**os.environ, "MAKEFLAGS": "", "MAKELEVEL": ""}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_its_lint_finds_what_airflow_3_removed(tmp_path: Path) -> None:
    folder, ruff = copied(tmp_path), f"RUFF={sys.executable} -m ruff"
    assert make(folder, "lint", ruff).returncode == 0
    (folder / "dags/old.py").write_text("from airflow import DAG\n\nDAG(dag_id='old', schedule_interval='@daily')\n")
    done = make(folder, "lint", ruff)
    assert done.returncode != 0
    assert "AIR301" in done.stdout


GH = """#!{python}
import json, pathlib, sys
here, words = pathlib.Path({folder!r}), sys.argv[1:]
with open(here / "calls", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
started = (here / "started").exists()
if words[:2] == ["workflow", "run"]:
    (here / "started").touch()
elif "matching-refs" in " ".join(words):
    print("v1.2.0\\nv1.10.0\\nv2.0.0-rc1\\nv1.9.0\\nversions")
elif "/runs?" in words[1]:
    print("7\\tdags new-dag to integration\\n9\\tanother to integration")
    if started:
        print("11\\tdags new-dag to integration\\n12\\tdags v3 to production")
else:
    states = (here / "states").read_text().splitlines()
    print(states[0])
    (here / "states").write_text("\\n".join(states[1:]))
"""


@pytest.mark.parametrize(
    ("stack", "ref", "states", "code", "at"),
    [
        ("integration", "new-dag", ["queued null", "completed success"], 0, "main"),
        ("integration", "new-dag", ["completed failure"], 1, "main"),
        ("production", "v3", ["waiting null", "in_progress null", "completed success"], 0, "v1.10.0"),
    ],
)
def test_a_delivery_is_started_and_followed_to_its_end(
    stack: str, ref: str, states: list[str], code: int, at: str, tmp_path: Path
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gh").write_text(GH.format(python=sys.executable, folder=str(folder)))
    (folder / "gh").chmod(0o755)
    (folder / "states").write_text("\n".join(states))
    env: dict[str, Any] = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "DELIVERY": "acme/airflow",
        "PAUSE": "0",
    }
    command = [TEMPLATE / "deliver.sh", stack, ref]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stderr
    number = 11 if stack == "integration" else 12
    assert f"https://github.com/acme/airflow/actions/runs/{number}\n" in done.stdout
    started = f'["workflow", "run", "{stack}.yml", "--repo", "acme/airflow", "--ref", "{at}", "-f", "dags={ref}"]'
    assert started in (folder / "calls").read_text()
