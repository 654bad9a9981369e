"""The workflows: their schemas, their pins, what a fork can reach, and that docs/delivery.md tells what they ask."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from bot.github import INTEGRATED
from bot.settings import BotSettings
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
    built = next((ROOT / ".tools/bin").glob("actionlint-v*"), None)
    if not (found := built or shutil.which("actionlint")):
        pytest.skip("no actionlint: `make lint-workflows` builds one")
    done = subprocess.run([found, *map(str, WORKFLOWS)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(path.read_text())["jobs"]


def starts(path: Path) -> set[str]:
    """What a workflow starts by; YAML 1.1 takes its key `on` for a boolean."""
    found = yaml.safe_load(path.read_text())[True]
    return {found} if isinstance(found, str) else set(found)


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".circleci/config.yml"], ids=lambda path: path.name)
def test_every_make_verb_of_a_workflow_exists(path: Path) -> None:
    made = subprocess.run(["/usr/bin/make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = {line.split()[0] for line in made.splitlines() if line.strip()}
    used = set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", path.read_text()))
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
    what = "${{ inputs.dags && format('dags {0}', inputs.dags) || inputs.branch || 'main' }}"
    assert workflow["run-name"] == f"{what} to integration"  # bot/github.py, try_branch and try_dags
    # A branch of the DAGs that is tried with main's program says nothing of main.
    assert workflow["jobs"]["deploy"]["name"].replace(what, "main") == INTEGRATED[0]
    for job in jobs(ROOT / ".github/workflows/production.yml").values():
        assert job["name"].startswith("deploy ")


@pytest.mark.parametrize(("branch", "code"), [("feature/x", 0), ("gone", 2), ("feat*", 2), ("a b", 2), ("main:x", 2)])
def test_a_branch_that_is_not_there_takes_no_lock(branch: str, code: int, tmp_path: Path) -> None:
    """As the lock's job asks before it; a lock for a misspelt branch would keep main off until somebody looks."""
    scripts = [
        step["run"] for step in jobs(ROOT / ".github/workflows/integration.yml")["lock"]["steps"] if "run" in step
    ]
    asks, takes = scripts
    assert "make lock" in takes
    commit = "git -C here -c user.name=t -c user.email=t@localhost commit -q --allow-empty -m x"
    made = f"git init -q --bare there; git clone -q there here; {commit}; git -C here push -q origin HEAD:feature/x"
    subprocess.run(["bash", "-ec", made], cwd=tmp_path, check=True, capture_output=True)
    command = ["bash", "-eo", "pipefail", "-c", asks]
    done = subprocess.run(
        command, cwd=tmp_path / "here", env={**os.environ, "BRANCH": branch}, check=False, capture_output=True
    )
    assert done.returncode == code


def test_every_job_of_integration_is_a_delivery_to_the_bot() -> None:
    """Else a branch whose lock failed would make main's commit red."""
    assert all(job["name"].startswith("deploy ") for job in jobs(ROOT / ".github/workflows/integration.yml").values())


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".github/actions/stack/action.yml"], ids=lambda path: path.name)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    """A branch's name, put there by GitHub before the shell reads it, would be run by it: `env` is the way."""
    found = yaml.safe_load(path.read_text())
    lists = [found["runs"]["steps"]] if "runs" in found else [job["steps"] for job in found["jobs"].values()]
    scripts = [step["run"] for steps in lists for step in steps if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_little_and_ends(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    granted = [workflow["permissions"], *(job.get("permissions", {}) for job in workflow["jobs"].values())]
    assert all(isinstance(one, dict) for one in granted), "each right by name"
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120


@pytest.mark.guarantee("two deployments at once")
def test_what_is_deployed_is_never_cancelled_and_alone() -> None:
    for stack in ("integration", "production"):
        workflow = yaml.safe_load((ROOT / f".github/workflows/{stack}.yml").read_text())
        assert workflow["concurrency"] == {"group": f"deploy-{stack}", "cancel-in-progress": False}
    circle: dict[str, Any] = yaml.safe_load((ROOT / ".circleci/config.yml").read_text())
    listed: list[Any] = [one for flow in circle["workflows"].values() for one in flow["jobs"]]
    deployed = [(name, one[name]) for one in listed for name in ("integration", "production") if name in one]
    assert len(deployed) == 4
    for name, job in deployed:
        assert job["serial-group"] == f"<< pipeline.project.slug >>/deploy-{name}"


def test_nothing_of_a_fork_runs_with_a_token_that_writes() -> None:
    trusted = {path for path in WORKFLOWS if starts(path) & {"pull_request_target", "workflow_run"}}
    assert {path.name for path in trusted} == {"plan-comment.yml", "unlock.yml"}
    for path in trusted:  # these have one, and run the default branch's code
        checkouts = [step for job in jobs(path).values() for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert checkouts
        default = "${{ github.event.repository.default_branch }}"
        assert all(step.get("with", {}).get("ref", default) == default for step in checkouts)
    for path in WORKFLOWS:
        if "pull_request" in starts(path):
            for name, job in jobs(path).items():
                rights = {**yaml.safe_load(path.read_text())["permissions"], **job.get("permissions", {})}
                assert {right for right, level in rights.items() if level == "write"} <= {"id-token"}, name
                own = "github.event.pull_request.head.repo.full_name == github.repository"
                assert own in job.get("if", "") or not ("environment" in job or "secrets." in str(job)), name


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


def test_the_documentation_names_five_secrets_and_no_other() -> None:
    """What the workflows read, and what the bot cannot start without."""
    _, _, table = (ROOT / "docs/delivery.md").read_text().partition("| secret | where | what |\n")
    named = re.findall(r"^ +\| `([A-Z_]+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    texts = [path.read_text() for path in (ROOT / ".github").rglob("*.yml")]
    read = {name for text in texts for name in re.findall(r"secrets\.([A-Z_]+)", text)}
    needed = {
        name.upper()
        for name, field in BotSettings.model_fields.items()
        if field.is_required() and field.annotation is SecretStr
    }
    assert len(named) == 5
    assert set(named) == read | needed
