"""What a delivery does to a stack."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview.planning import ROOT
from ops import lock
from ops.__main__ import run
from tests.unit import canary_airflow
from tests.unit.canary_airflow import PASSWORD, Airflow
from tests.unit.fakes import Programs, on_path

OUTPUTS = ("stack output", {"out": "{}"})
SECRETS = ("adminPassword", "apiSecretKey", "databasePassword", "fernetKey", "jwtSecret", "settings")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = on_path(tmp_path / "bin", monkeypatch)
    made.add("pulumi")
    made.answer(OUTPUTS)
    return made


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A local stack whose one release takes its DAGs by git and its image from an own registry."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    shipped = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    (tmp_path / "kubeconfig").write_text("contexts: [{name: kind-airflow}]\n")
    shipped["config"]["airflow:cloud"]["kubeconfig"] = str(tmp_path / "kubeconfig")
    shipped["config"]["airflow:releases"] = [
        {
            "name": "main",
            "dags": {"kind": "git", "repository": "https://git.your-company.com/dags.git"},
            "image": {"repository": "registry.your-company.com/airflow", "tag": "3.3.2-1"},
        }
    ]
    needed = [*SECRETS, "main.databasePassword"]
    shipped["config"].update({f"airflow:{key}": {"secure": "v1:made-up"} for key in needed})
    (folder / "Pulumi.local.yaml").write_text(yaml.safe_dump(shipped))
    return folder


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    """A kubeconfig that is there, named by the stack."""
    return str(tmp_path / "kubeconfig")


@pytest.fixture
def verb(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def call(name: str, *arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["ops", name, "--stack", "local", "--stacks", str(stacks), *arguments])
        try:
            return run()
        except SystemExit as ended:
            return int(ended.code or 0)

    return call


def test_a_branch_moves_the_dags_and_the_image(verb: Callable[..., int], programs: Programs) -> None:
    assert verb("deploy", "--ref", "feature/x", "--image-tag", "abc123", "--", "--yes") == 0
    said = [call.arguments for call in programs.calls() if call.arguments[0] != "stack"]
    setting = ["config", "set", "--path", "--type", "string"]
    assert said[0][:7] == [*setting, "airflow:releases[0].dags.ref", "feature/x"]
    assert said[1][:7] == [*setting, "airflow:releases[0].dags.fileRef", "main"]
    assert said[2][:7] == [*setting, "airflow:releases[0].image.tag", "3.3.2-abc123"]
    assert said[3][:2] == ["up", "--yes"]


def test_what_a_branch_moves_is_moved_in_a_copy_of_the_stack_file(
    verb: Callable[..., int], programs: Programs, stacks: Path
) -> None:
    assert verb("deploy", "--ref", "feature/x") == 0
    told = [call.arguments for call in programs.calls() if "--config-file" in call.arguments]
    files = {arguments[arguments.index("--config-file") + 1] for arguments in told}
    assert len(files) == 1
    copy = Path(files.pop())
    assert not copy.is_relative_to(stacks), "the checkout's file stays as it was committed"
    assert not copy.parent.exists()


def test_a_deployment_without_a_branch_moves_nothing(verb: Callable[..., int], programs: Programs) -> None:
    assert verb("deploy") == 0
    assert [call.arguments[0] for call in programs.calls()] == ["stack", "up"]


ANOTHER = "https://git.your-company.com/dags.git"


@pytest.mark.parametrize(
    ("deployed", "moved"),
    [
        ([{"repository": ANOTHER, "ref": "v2", "fileRef": "main"}], "v2"),  # by REF, and the file says what it said
        ([{"repository": ANOTHER, "ref": "v2", "fileRef": "old"}], ""),  # a person has edited the file since
        ([{"repository": ANOTHER, "ref": "main"}], ""),
        ([{"repository": "https://git.your-company.com/moved.git", "ref": "v2", "fileRef": "main"}], ""),
    ],
)
def test_what_was_delivered_stays_until_somebody_says_otherwise(
    deployed: list[dict[str, str]], moved: str, verb: Callable[..., int], programs: Programs
) -> None:
    programs.answer(("stack output", {"out": json.dumps({"releases": {"main": {"dags": deployed, "image": ""}}})}))
    assert verb("deploy") == 0
    refs = [call.arguments[6] for call in programs.calls() if "airflow:releases[0].dags.ref" in call.arguments]
    assert refs == ([moved] if moved else [])


@pytest.mark.parametrize(
    ("origin", "moves"),
    [("git@git.your-company.com:dags.git", True), ("https://git.your-company.com/dags", True), (f"{ANOTHER}.x", False)],
)
def test_the_programs_branch_moves_its_own_dags_alone(
    origin: str, moves: bool, verb: Callable[..., int], programs: Programs, monkeypatch: Any
) -> None:
    """DAGs in a repository of their own have other branches and tags than the program."""
    monkeypatch.setattr("ops.moves._origin", lambda: origin)
    assert verb("deploy", "--branch", "v7.1.0") == 0
    assert any("v7.1.0" in call.arguments for call in programs.calls()) == moves
    assert verb("deploy", "--branch", "v7.1.0", "--ref", "v2") == 0
    assert any("v2" in call.arguments for call in programs.calls())


def test_an_own_image_is_built_and_pushed(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    programs.add("make", "bash", "docker")
    programs.answer(("stack output", {"out": json.dumps({"registryLoginCommand": "log in | docker login"})}))
    assert verb("publish", "--image-tag", "abc123") == 0
    said = [str(call) for call in programs.calls() if call.name in ("make", "bash")]
    assert said == [
        "bash -o pipefail -c log in | docker login",
        "make --no-print-directory image push IMAGE=registry.your-company.com/airflow TAG=3.3.2-abc123",
    ]
    programs.answer(("image push", {"code": 3}), ("stack output", {"out": "{}"}))
    assert verb("publish", "--image-tag", "abc123") == 2
    assert "ended with 3" in capsys.readouterr().err


def test_an_image_that_is_there_is_not_pushed_again(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    programs.add("make", "docker")
    programs.answer(("imagetools inspect", {"out": f"sha256:{'1' * 64}\n"}), ("stack output", {"out": "{}"}))
    assert verb("publish", "--image-tag", "abc123") == 0
    assert "airflow:3.3.2-abc123 is there already" in capsys.readouterr().out
    assert not [call for call in programs.calls() if call.name == "make"]


def test_a_release_that_expects_an_image_is_not_left_without_one(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    file = stacks / "Pulumi.local.yaml"
    shipped = yaml.safe_load(file.read_text())
    shipped["config"]["airflow:releases"] = [{"name": "main"}]
    file.write_text(yaml.safe_dump(shipped))
    assert verb("publish", "--image-tag", "abc123") == 2
    assert "nothing to publish, and release main reads its DAGs from its image" in capsys.readouterr().err
    shutil.copy(ROOT / "Pulumi.local.yaml", stacks)
    assert verb("publish", "--image-tag", "abc123", "--requirements", "../ours.txt") == 2
    assert "REQUIREMENTS=../ours.txt: every release of local runs the official image" in capsys.readouterr().err
    assert programs.calls() == []


def test_the_official_image_is_nothing_to_publish(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    shutil.copy(ROOT / "Pulumi.local.yaml", stacks)
    assert verb("publish", "--image-tag", "abc123") == 0
    assert "nothing to publish" in capsys.readouterr().out
    assert programs.calls() == []


@pytest.fixture
def airflow() -> Iterator[str]:
    with canary_airflow.served() as address:
        yield address


@pytest.mark.parametrize(("state", "code"), [("success", 0), ("failed", 1)])
def test_the_canary_tells_how_it_went(
    state: str, code: int, verb: Callable[..., int], programs: Programs, airflow: str, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(Airflow, "state", state)
    programs.answer(("config get airflow:adminPassword", {"out": f"{PASSWORD}\n"}))
    assert verb("canary", "--url", airflow) == code
    said = capsys.readouterr()
    assert f"canary {state}" in said.out
    assert ("how-to-go-back" in said.err) == (code == 1)
    assert PASSWORD not in said.out + said.err


def test_a_canary_with_another_password_is_one_sentence(
    verb: Callable[..., int], programs: Programs, airflow: str, capsys: Any
) -> None:
    programs.answer(("config get", {"out": "another\n"}))
    assert verb("canary", "--url", airflow) == 2
    assert "does not take the password" in capsys.readouterr().err


def test_a_release_without_a_trusted_host_is_reached_by_a_forwarded_port(
    verb: Callable[..., int], programs: Programs, airflow: str, kubeconfig: str, capsys: Any
) -> None:
    programs.add("kubectl")
    port = airflow.rpartition(":")[2]
    programs.answer(
        ("config get airflow:adminPassword", {"out": f"{PASSWORD}\n"}),
        ("port-forward", {"out": f"Forwarding from 127.0.0.1:{port} -> 8080\n"}),
    )
    assert verb("canary") == 0
    assert "canary success" in capsys.readouterr().out
    (call,) = [call for call in programs.calls() if call.name == "kubectl"]
    assert str(call).endswith("port-forward --namespace airflow-main service/main-api-server :8080")
    programs.answer(("port-forward", {"out": "", "code": 1}))
    assert verb("canary") == 2
    assert "kubectl forwards no port to service/main-api-server" in capsys.readouterr().err


def test_production_moves_the_digest_with_the_tag(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    file = stacks / "Pulumi.local.yaml"
    shipped = yaml.safe_load(file.read_text())
    shipped["config"]["airflow:releases"][0]["image"]["digest"] = f"sha256:{'0' * 64}"
    file.write_text(yaml.safe_dump(shipped))
    programs.add("docker")
    programs.answer(("imagetools inspect", {"out": f"sha256:{'1' * 64}\n"}), ("stack output", {"out": "{}"}))
    assert verb("deploy", "--image-tag", "v1.2.0") == 0
    (asked,) = [str(call) for call in programs.calls() if call.name == "docker"]
    assert "registry.your-company.com/airflow:3.3.2-v1.2.0" in asked
    (moved,) = [call.arguments for call in programs.calls() if "airflow:releases[0].image.digest" in call.arguments]
    assert f"sha256:{'1' * 64}" in moved
    programs.answer(("imagetools inspect", {"code": 1}), OUTPUTS)
    assert verb("deploy", "--image-tag", "v1.3.0") == 2
    assert "Was it published?" in capsys.readouterr().err


def test_a_branch_that_follows_main_leaves_another_s_lock_without_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def taken(*_: str) -> None:
        raise lock.HeldError(lock.Lock("integration", "feature/x", "ann", "2026-11-21T12:00:00+00:00"))

    monkeypatch.setattr(lock, "take", taken)
    for extra, code in (["--if-free"], 0), ([], 2):
        monkeypatch.setattr(sys, "argv", ["ops", "lock", "--stack", "integration", "--branch", "main", *extra])
        with pytest.raises(SystemExit) if code == 0 else nullcontext():
            assert run() == code
    said = capsys.readouterr()
    assert said.out.startswith("left: integration is held for feature/x by ann")
    assert "`make unlock STACK=integration BRANCH=feature/x` gives it back" in said.err


@pytest.mark.parametrize("word", ["NUMBER=$(shell touch x)", "BRANCH=it's", "HEAD=a\nb", "BY=`x`", "TAG=$(id)"])
def test_make_takes_no_word_that_ends_its_quotes(word: str) -> None:
    done = subprocess.run(
        ["make", "-n", "where", "STACK=s", word], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "may hold no" in done.stderr


def test_what_stands_in_quotes_is_every_word_that_make_is_given() -> None:
    """A recipe's line, run by a shell, hands `;` and spaces on; ARGS, CMD and DOCKER are words for it on purpose."""
    verbs = {
        "deploy": "STACK STACKS REF BRANCH IMAGE_TAG", "restore": "STACK STACKS DUMP DATABASE", "ui": "RELEASE SERVICE",
        "upload-dags": "RELEASE DAGS PLUGINS", "lock": "STACK BRANCH BY REASON", "canary": "STACK URL",
        "plan-comment": "NUMBER HEAD FILE", "image": "IMAGE TAG DAGS PLUGINS REQUIREMENTS", "push": "IMAGE TAG",
        "plan-diff": "BASE OUT", "apply-secret": "STACK RELEASE FILE", "preview": "STACK STACKS",
        "logs": "SERVICE", "publish": "IMAGE_TAG DAGS REQUIREMENTS",
    }  # fmt: skip
    for verb, names in verbs.items():
        given = [f"{name}=a/b; exit 7 #" for name in names.split()]
        done = subprocess.run(["make", "-n", verb, *given], cwd=ROOT, capture_output=True, text=True, check=True)
        outside = re.sub(r"'[^']*'|\"[^\"]*\"", "", done.stdout)
        assert "exit 7" in done.stdout
        assert "exit 7" not in outside, (verb, done.stdout)


@pytest.mark.parametrize("stack", ["", "a b", "a;id", "../x y", "$HOME", "-x"])
@pytest.mark.parametrize("name", ["deploy", "where", "how-to-go-back", "preflight"])
def test_a_stack_that_is_none_is_one_sentence(name: str, stack: str, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["ops", name, f"--stack={stack}"])
    assert run() == 2
    said = capsys.readouterr().err
    assert "integration, local, production" in said
    assert said.count("\n") == 1


def test_a_misspelt_stack_is_not_locked(programs: Programs, monkeypatch: Any, capsys: Any) -> None:
    programs.add("git")
    monkeypatch.setattr(sys, "argv", ["ops", "lock", "--stack", "integraton", "--branch", "x"])
    assert run() == 2
    assert "no file Pulumi.integraton.yaml" in capsys.readouterr().err.replace(f"{ROOT}/", "")
    assert not programs.calls()


def test_one_stack_has_one_lock_however_it_is_named(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(lock, "held", lambda stack: f"held: {stack}")
    monkeypatch.setattr(sys, "argv", ["ops", "where", "--stack", "acme/airflow/integration"])
    with pytest.raises(SystemExit):
        run()
    assert capsys.readouterr().out == "held: integration\n"


@pytest.mark.parametrize(("tags", "said"), [
    ("v1.2.0\nv1.1.0\nv1.0.0\n", "To go back from v1.2.0 to v1.1.0"), ("v1.0.0\n", "There is no release before"),
])  # fmt: skip
def test_the_way_back_leads_to_the_release_before(
    tags: str, said: str, programs: Programs, monkeypatch: Any, capsys: Any
) -> None:
    programs.add("git")
    programs.answer(("tag --list", {"out": tags}))
    monkeypatch.setattr(sys, "argv", ["ops", "how-to-go-back", "--stack", "production"])
    with pytest.raises(SystemExit):
        run()
    told = capsys.readouterr().out
    assert said in told
    assert ("make deploy STACK=production BRANCH=v1.1.0 IMAGE_TAG=v1.1.0" in told) == ("v1.1.0" in tags)


def test_a_plan_against_what_is_there_changes_nothing(verb: Callable[..., int], programs: Programs) -> None:
    assert verb("deploy", "--preview", "--ref", "v1", "--", "--diff") == 0
    assert [call.arguments[0] for call in programs.calls()] == ["stack", "config", "config", "preview"]
