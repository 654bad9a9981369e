"""`make plan-diff` on a repository with two commits."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.preview.change import Change
from infra.preview.model import Plan
from infra.preview.planning import ROOT
from ops import plan_diff
from ops.base_plan import StackName
from ops.errors import OpsError
from ops.plan_diff import Result
from tests.unit.test_plan_readings import DATABASE, ROLE, plan


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@your-company.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The checkout's program with the local stack alone, in a repository of its own with one commit."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        parts = Path(name).parts
        if parts[0] in ("tests", "docs", "examples") or not (ROOT / name).is_file():
            continue
        if name.startswith("Pulumi.") and name not in ("Pulumi.yaml", "Pulumi.local.yaml"):
            continue
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A", "-f")
    git(tmp_path, "commit", "-q", "-m", "base")
    return tmp_path


def run(repository: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "ops", "plan-diff", *arguments]
    return subprocess.run(command, cwd=repository, check=False, capture_output=True, text=True)


def test_a_change_is_compared_with_where_it_began(repository: Path):
    stack = repository / "Pulumi.local.yaml"
    shutil.copy(stack, repository / "Pulumi.trial.yaml")
    stack.write_text(stack.read_text().replace("airflow:size: small", "airflow:size: medium"))
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "change")
    done = run(repository, "--base", "HEAD~1", "--out", "build/plan/comment.md")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    comment = (repository / "build/plan/comment.md").read_text()
    assert comment.startswith(plan_diff.MARKER)
    rows = [line.split("|") for line in comment.splitlines() if line.startswith("| `")]
    counts = {row[1].strip(): [count.strip() for count in row[2:6]] for row in rows}
    assert list(counts) == ["`local`", "`trial`"]
    _, deleted, changed, created = counts["`local`"]
    assert (deleted, created) == ("", "")
    assert int(changed) > 0
    assert int(counts["`trial`"][3]) > 10
    assert "resources.limits.memory: " in comment
    assert "base" not in {path.name for path in repository.iterdir()}
    worktrees = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(worktrees.stdout.splitlines()) == 1


def test_without_a_change_nothing_differs_and_a_bad_stack_says_why(repository: Path):
    (repository / "Pulumi.broken.yaml").write_text("config:\n  airflow:siez: small\n")
    git(repository, "add", "-A")
    done = run(repository, "--base", "HEAD")
    assert done.returncode == 0
    assert "| `local` |  |  |  |  |" in done.stdout
    assert "this change cannot be planned: The settings of this stack have" in done.stdout
    assert "did you mean airflow:size?" in done.stdout


def test_a_secret_that_is_set_anew_is_told(repository: Path):
    stack = repository / "Pulumi.local.yaml"
    text = stack.read_text()
    stack.write_text(f"{text}  airflow:fernetKey:\n    secure: v1:one\nencryptionsalt: v1:salt\n")
    git(repository, "commit", "-q", "-a", "-m", "a key")
    stack.write_text(stack.read_text().replace("v1:one", "v1:two"))
    done = run(repository, "--base", "HEAD")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Secrets set anew:\n- `airflow:fernetKey; then replaced: " in done.stdout
    assert "Secret main-fernet" in done.stdout
    assert "v1:one" not in done.stdout
    assert "v1:two" not in done.stdout
    stack.write_text(stack.read_text().replace("v1:salt", "v1:other"))
    done = run(repository, "--base", "HEAD")
    assert "Encrypted values were not looked at:\n- `the stack's secrets provider" in done.stdout


def test_a_base_that_is_not_there_is_refused(repository: Path):
    done = run(repository, "--base", "no-such-branch")
    assert done.returncode == 2
    assert "merge-base no-such-branch HEAD" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_comment_says_that_nothing_changes():
    same = Result(StackName(".", "a"), plan_diff.diff.compare(plan(ROLE), plan(ROLE)))
    other = Result(StackName(".", "b"), plan_diff.diff.compare(plan(), plan(ROLE)))
    assert plan_diff.comment([same], "0" * 40).endswith("|\n\nNo stack changes.\n")
    assert "No stack changes" not in plan_diff.comment([same, other], "0" * 40)


SPY = """
import os, pathlib
with open(os.environ["HOME"] + "/seen", "a") as seen:
    print(pathlib.Path(__file__).parents[1], *os.environ.values(), file=seen)
"""


def test_neither_base_nor_head_sees_a_credential(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    program = repository / "infra/program.py"
    program.write_text(program.read_text() + SPY)
    git(repository, "commit", "-q", "-a", "-m", "a program that looks around")
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PULUMI_ACCESS_TOKEN", "ANY_NAME"):
        monkeypatch.setenv(name, "canary")
    assert run(repository, "--base", "HEAD").returncode == 0
    seen = (home / "seen").read_text()
    assert len({line.split()[0] for line in seen.splitlines()}) == 2, "the base's program and the head's"
    assert "canary" not in seen


def test_a_long_comment_stays_below_the_limit_and_keeps_what_loses_data():
    many = [Change("created", ROLE, ())] * 800
    lost = Change("deleted", DATABASE)
    difference = plan_diff.diff.Diff(Plan("airflow", "dev", ()), plan(), (lost, *many))
    results = [Result(StackName(".", name), difference) for name in ("a", "b", "c")]
    comment = plan_diff.comment(results, "0" * 40)
    assert len(comment) < 65_536
    assert comment.count("`aws:rds:Instance  db` is deleted (protected, so `pulumi up` refuses)") == 3
    assert "The rest is too long for a comment" in comment.partition("### `c`")[2]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(plan_diff, "compare", lambda _: "a comment")
    (tmp_path / "file").touch()
    with pytest.raises(OpsError, match=r"OUT=.* cannot be written"):
        plan_diff.plan_diff("HEAD", tmp_path / "file" / "comment.md")
