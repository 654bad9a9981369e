"""Each stack that ships, from `publish` over `deploy` to `canary`: Pulumi, Docker and Airflow as recorded, git real."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview import planning
from infra.preview.planning import ROOT
from infra.settings import required_secrets
from infra.settings.owners import stand_ins
from ops import registry
from ops.__main__ import run
from ops.stack import Stack
from tests.program.stacks import SHIPPED
from tests.unit import canary_airflow
from tests.unit.canary_airflow import PASSWORD
from tests.unit.fakes import Programs, on_path

REPOSITORY = "git@github.com:your-company/airflow.git"
"""The stand-in of the shipped stacks."""
BY_GIT = [one for one in SHIPPED if one[0] != "local"]


@dataclass
class Owner:
    """A stack file that ships, filled in by an owner, and the programs that its verbs call."""

    stack: str
    folder: Path
    programs: Programs
    call: Callable[..., int]
    repository: Path

    @property
    def file(self) -> Path:
        return self.folder / f"Pulumi.{self.stack}.yaml"

    def change(self, **release: Any) -> None:
        content = yaml.safe_load(self.file.read_text())
        content["config"]["airflow:releases"][0].update(release)
        self.file.write_text(yaml.safe_dump(content))

    def answer(self, outputs: dict[str, Any], *more: tuple[str, dict[str, Any]]) -> None:
        password = {"out": f"{PASSWORD}\n"}
        told = {"out": json.dumps(outputs)}
        self.programs.answer(*more, ("stack output", told), ("config get airflow:adminPassword", password))

    def outputs(self) -> dict[str, Any]:
        """What the stack exports, by its plan."""
        return dict(planning.make(planning.Request(self.stack, self.folder)).plan.outputs)

    def steps(self) -> list[str]:
        """What was called since the test began, without where and which stack."""
        told = [[call.name, *call.arguments] for call in self.programs.calls()]
        return [" ".join(words) for words in told]

    def moved(self) -> dict[str, str]:
        """What was set in the copy of the stack file."""
        sets = [call.arguments for call in self.programs.calls() if call.arguments[:3] == ["config", "set", "--path"]]
        return {words[5].removeprefix("airflow:"): words[6] for words in sets}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The DAG repository, in which `main` and `release` hold this checkout's DAGs, behind the address that ships."""
    work, bare = tmp_path / "work", tmp_path / "dags.git"
    shutil.copytree(ROOT / "dags", work / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    as_me = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-C", str(work)]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "x"], ["branch", "release"]):
        subprocess.run([*as_me, *words], check=True)
    for words in (
        ["rm", "-q", "dags/canary.py"],
        ["commit", "-qm", "y"],
        ["branch", "silent"],
        ["reset", "-q", "--hard", "release"],
    ):
        subprocess.run([*as_me, *words], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{bare}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", REPOSITORY)
    return bare


@pytest.fixture
def owner(request: pytest.FixtureRequest, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Owner:
    stack, home = request.param
    git = shutil.which("git")
    assert git
    programs = on_path(tmp_path / "bin", monkeypatch)
    programs.add("pulumi", "kubectl", "docker", "make", "bash")
    (programs.folder / "git").symlink_to(git)
    folder = tmp_path / "stacks"
    folder.mkdir()
    file = folder / f"Pulumi.{stack}.yaml"
    content = stand_ins(yaml.safe_load((ROOT / home / file.name).read_text()), "", {})
    if stack == "local":
        (tmp_path / "kubeconfig").write_text("contexts: [{name: kind-airflow}]\n")
        content["config"]["airflow:cloud"]["kubeconfig"] = str(tmp_path / "kubeconfig")
    file.write_text(yaml.safe_dump(content))
    needed = required_secrets(Stack(stack, folder).settings)
    content["config"].update({f"airflow:{secret.key}": {"secure": "v1:made-up"} for secret in needed})
    file.write_text(yaml.safe_dump(content))

    def call(name: str, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["ops", name, "--stack", stack, "--stacks", str(folder), *arguments])
        try:
            return run()
        except SystemExit as ended:
            return int(ended.code or 0)

    return Owner(stack, folder, programs, call, repository)


@pytest.fixture
def airflow() -> Iterator[str]:
    with canary_airflow.served() as address:
        yield address


def ids(one: tuple[str, str]) -> str:
    return "/".join(reversed(one))


@pytest.mark.parametrize("owner", SHIPPED, ids=ids, indirect=True)
def test_a_shipped_stack_is_delivered_and_its_canary_sings(owner: Owner, airflow: str, capsys: Any) -> None:
    owner.answer({})
    assert owner.call("publish", "--image-tag", "abc123") == 0
    assert "nothing to publish" in capsys.readouterr().out
    assert owner.call("deploy", "--", "--yes") == 0
    said = capsys.readouterr()
    assert said.err == "", "the repository was looked into, and holds the canary"
    assert owner.steps()[-1].startswith("pulumi up --yes")
    assert owner.moved() == {}
    owner.answer(owner.outputs())
    assert owner.call("canary", "--url", airflow) == 0
    assert "canary success" in capsys.readouterr().out


@pytest.mark.parametrize("owner", BY_GIT[1:3], ids=ids, indirect=True)
def test_a_shipped_stack_with_packages_of_its_own_publishes_before_it_runs_them(
    owner: Owner, airflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.change(image={"own": True})
    monkeypatch.setattr(registry, "commit_tag", lambda: "abc123")
    exports, digest = owner.outputs(), f"sha256:{'1' * 64}"
    # A registry is not there before the first `up` is: the plan's is told from the second question on.
    (owner.programs.folder / "pulumi").unlink()
    told = owner.programs.folder / "told.json"
    told.write_text(json.dumps(exports))
    (owner.programs.folder / "pulumi").write_text(
        PULUMI.format(python=sys.executable, folder=str(owner.programs.folder))
    )
    (owner.programs.folder / "pulumi").chmod(0o755)
    owner.programs.answer(("{{.Manifest.Digest}}", {"out": digest}))
    (owner.programs.folder / "docker").unlink()
    (owner.programs.folder / "docker").write_text(
        DOCKER.format(python=sys.executable, folder=str(owner.programs.folder), digest=digest)
    )
    (owner.programs.folder / "docker").chmod(0o755)
    assert owner.call("deploy", "--", "--yes") == 0
    steps = [
        " ".join(step.split()[:2]) for step in owner.steps() if "stack output" not in step and "config set" not in step
    ]
    image = f"{exports['registry']}/airflow"
    assert steps == ["pulumi up", "bash -o", "make --no-print-directory", "bash -o", "pulumi up"]
    assert f"make --no-print-directory image push IMAGE={image} TAG=3.3.2-abc123" in owner.steps()
    assert owner.moved() == {
        "releases[0].image.repository": image,
        "releases[0].image.tag": "3.3.2-abc123",
        "releases[0].image.digest": digest,
    }
    config = [f"{path}={value}" for path, value in owner.moved().items()]
    plan = planning.make(planning.Request(owner.stack, owner.folder, config)).plan
    assert plan.outputs["releases"]["main"]["image"] == f"{image}:3.3.2-abc123@{digest}"
    assert not [line for line in plan.warnings if "image.own" in line]


@pytest.mark.parametrize("owner", BY_GIT[:1], ids=ids, indirect=True)
def test_what_runs_an_own_image_keeps_it_until_another_is_named(owner: Owner) -> None:
    owner.change(image={"own": True})
    image = f"registry.your-company.com/x/airflow:3.3.2-1@sha256:{'1' * 64}"
    owner.answer({"registry": "registry.your-company.com/x", "releases": {"main": {"image": image, "dags": []}}})
    assert owner.call("deploy") == 0
    assert owner.moved() == {
        "releases[0].image.repository": "registry.your-company.com/x/airflow",
        "releases[0].image.tag": "3.3.2-1",
        "releases[0].image.digest": f"sha256:{'1' * 64}",
    }


@pytest.mark.parametrize("owner", BY_GIT[1:3], ids=ids, indirect=True)
def test_a_branch_that_is_tried_is_what_airflow_reads(owner: Owner) -> None:
    owner.answer({})
    assert owner.call("deploy", "--ref", "release") == 0
    config = [f"{path}={value}" for path, value in owner.moved().items()]
    plan = planning.make(planning.Request(owner.stack, owner.folder, config)).plan
    assert plan.outputs["releases"]["main"]["dags"][0]["ref"] == "release"
    (chart,) = [one for one in plan.of_type("kubernetes:helm.sh/v3:Release") if one.inputs["chart"] == "airflow"]
    (bundle,) = json.loads(chart.inputs["values"]["config"]["dag_processor"]["dag_bundle_config_list"])
    assert bundle["kwargs"]["tracking_ref"] == "release"
    assert bundle["kwargs"]["subdir"] == "dags"
    assert bundle["kwargs"]["repo_url"] == REPOSITORY


@pytest.mark.parametrize("owner", BY_GIT[:1], ids=ids, indirect=True)
@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("silent", "airflow:platform.monitoring.canaryDag = canary: release main has no DAG of that name in"),
        ("gone", f"dags.repositories[0].ref = gone: {REPOSITORY} has no such branch or tag"),
    ],
)
def test_a_source_without_the_canary_is_refused_before_anything_changes(
    owner: Owner, ref: str, said: str, capsys: Any
) -> None:
    owner.answer({})
    (owner.programs.folder / "pulumi").write_text(SETTING.format(python=sys.executable, root=str(ROOT)))
    assert owner.call("deploy", "--ref", ref) == 2
    assert said in capsys.readouterr().err
    assert not (owner.folder / "up").exists()


@pytest.mark.parametrize("owner", BY_GIT[:1], ids=ids, indirect=True)
def test_a_folder_that_the_repository_has_not_is_refused_and_one_that_nobody_reads_is_said(
    owner: Owner, capsys: Any
) -> None:
    owner.answer({})
    content = owner.file.read_text()
    owner.file.write_text(content.replace("subPath: dags", "subPath: elsewhere"))
    assert owner.call("deploy") == 2
    assert "subPath = elsewhere: there is no such folder" in capsys.readouterr().err
    owner.file.write_text(content)
    shutil.rmtree(owner.repository)
    assert owner.call("deploy") == 0
    assert "was not looked into from here" in capsys.readouterr().err
    assert owner.steps()[-1].startswith("pulumi up")


def test_a_tag_says_what_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    as_me = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-C", str(tmp_path)]
    for words in (["init", "-q"], ["commit", "-qm", "x", "--allow-empty"]):
        subprocess.run([*as_me, *words], check=True)
    assert len(registry.commit_tag()) == 12
    (tmp_path / "new").touch()
    with pytest.raises(registry.OpsError, match="not committed"):
        registry.commit_tag()


#: Tells what a stack exports once it has been up.
PULUMI = """#!{python}
import json, pathlib, sys
here, words = pathlib.Path({folder!r}), sys.argv[1:]
with open(here / "calls.jsonl", "a") as calls:
    calls.write(json.dumps({{"name": "pulumi", "arguments": words, "given": "", "env": {{}}}}) + "\\n")
if words[:2] == ["stack", "output"]:
    print((here / "told.json").read_text() if (here / "up").exists() else "{{}}")
if words[0] == "up":
    (here / "up").touch()
"""
#: Knows an image once it has been pushed.
DOCKER = """#!{python}
import pathlib, sys
here = pathlib.Path({folder!r})
pushed = "image push" in (here / "calls.jsonl").read_text() or '"push"' in (here / "calls.jsonl").read_text()
sys.exit(print({digest!r}) if pushed else "not found")
"""
#: `config set --path` as the real one does it: in the file.
SETTING = """#!{python}
import pathlib, re, sys
sys.path.insert(0, {root!r})
import yaml
words = sys.argv[1:]
if words[:2] == ["stack", "output"]:
    print("{{}}")
if words[:3] == ["config", "set", "--path"]:
    file = pathlib.Path(words[words.index("--config-file") + 1])
    content = yaml.safe_load(file.read_text())
    *way, last = re.findall(r"[^.\\[\\]]+", words[5].partition(":")[2])
    at = content["config"]["airflow:" + way[0]]
    for part in way[1:]:
        at = at[int(part)] if part.isdigit() else at[part]
    at[last] = words[6]
    file.write_text(yaml.safe_dump(content))
if words[0] == "up":
    sys.exit("up was called")
"""
