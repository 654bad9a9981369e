"""The workflows: their schemas, their pins, what a fork can reach, and that docs/delivery.md tells what they ask."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.github import INTEGRATED
from infra.preview.planning import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_fits_its_schema(path: Path) -> None:
    check("vendor.github-workflows", path)


def test_the_action_and_circle_fit_their_schemas() -> None:
    check("vendor.github-actions", ROOT / ".github/actions/stack/action.yml")
    check("vendor.circle-ci", ROOT / ".circleci/config.yml")


def check(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_actionlint() -> None:
    if not (found := shutil.which("actionlint")):
        pytest.skip("actionlint is not on the PATH")
    done = subprocess.run([found, *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".circleci/config.yml"], ids=lambda path: path.name)
def test_every_make_verb_of_a_workflow_exists(path: Path) -> None:
    made = subprocess.run(["/usr/bin/make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = {line.split()[0] for line in made.splitlines() if line.strip()}
    used = set(re.findall(r"\bmake ([a-z][a-z-]*)", path.read_text()))
    assert used <= verbs


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".github/actions/stack/action.yml"], ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit(path: Path) -> None:
    for used in re.findall(r"uses: (\S+)", path.read_text()):
        assert used.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_fails_before_a_pipe_fails_the_step(path: Path) -> None:
    """GitHub's default shell has no pipefail; `shell: bash` has."""
    workflow = yaml.safe_load(path.read_text())
    if " | tee" in path.read_text():
        assert workflow["defaults"]["run"]["shell"] == "bash"


def test_the_bot_finds_its_run_and_its_checks_by_the_workflows_names() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/integration.yml").read_text())
    branch = "${{ inputs.branch || 'main' }}"
    assert workflow["run-name"] == f"{branch} to integration"  # bot/github.py, try_branch
    assert workflow["jobs"]["deploy"]["name"].replace(branch, "main") == INTEGRATED[0]
    for job in yaml.safe_load((ROOT / ".github/workflows/production.yml").read_text())["jobs"].values():
        assert job["name"].startswith("deploy ")


def test_nothing_of_a_fork_runs_with_a_token_that_writes() -> None:
    for path in WORKFLOWS:
        text = path.read_text()
        assert "pull_request_target" not in text
        if "workflow_run" in text:
            assert "head_branch" not in text
            assert "ref:" not in text


def test_the_documentation_names_every_workflow_secret_variable_and_environment() -> None:
    told = (ROOT / "docs/delivery.md").read_text()
    text = "".join(path.read_text() for path in WORKFLOWS)
    asked = set(re.findall(r"(?:secrets|vars)\.([A-Z_]+)", text)) | set(
        re.findall(r"^    environment: (\w+)", text, re.M)
    )
    assert asked >= {"CLOUD_ROLE", "PULUMI_BACKEND_URL", "DEPLOY", "production"}
    for name in asked | {path.name for path in WORKFLOWS}:
        assert f"`{name}`" in told, name
    for path in re.findall(r"\]\(([^)#]+)", told):
        assert (ROOT / "docs" / path).exists(), path
    verbs = set(re.findall(r"^([a-z-]+):.*##", "".join(one.read_text() for one in (ROOT / "make").glob("*.mk")), re.M))
    assert set(re.findall(r"make ([a-z][a-z-]+)(?: [A-Z]|`)", told)) <= verbs | {"lint", "types", "test"}
