"""The image, built and run, where Docker or Podman is there and holds its base already.

`docker pull` brings that; BASE_IMAGE=… names another.
"""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TAG = "3.3.2-tried-by-a-test"
TOKEN = "a-token-that-a-ci-left"
DAG = "from airflow.sdk import dag\nimport humanfriendly\n\n\n@dag(schedule=None)\ndef ours():\n    pass\n\n\nours()\n"


@functools.cache
def engine() -> tuple[str, str]:
    """The program that builds, and the base that it holds; empty where there is none."""
    (pinned,) = re.findall(r"^ARG BASE_IMAGE=(\S+)", (ROOT / "image" / "Dockerfile").read_text(), re.MULTILINE)
    base = os.environ.get("BASE_IMAGE") or str(pinned)
    for program in filter(shutil.which, ("docker", "podman")):
        if not subprocess.run([program, "image", "inspect", base], check=False, capture_output=True).returncode:
            return program, base
    return "", ""


pytestmark = [
    pytest.mark.skipif(not engine()[0], reason="neither Docker nor Podman with the image's base is here"),
    pytest.mark.timeout(1200),
]


def make_image(dags: Path, tag: str = TAG) -> "subprocess.CompletedProcess[str]":
    program, base = engine()
    words = [f"DOCKER={program}", f"BASE_IMAGE={base}", f"TAG={tag}", f"DAGS={dags}", f"PLUGINS={ROOT / 'plugins'}"]
    command = ["make", "image", *words, f"REQUIREMENTS={dags / 'our needs.txt'}"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds only DAGs, checked out under umask 077."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text(TOKEN)
    (folder / "nested").mkdir(mode=0o700)
    (folder / "nested" / ".git").write_text(f"gitdir: {TOKEN}")
    (folder / "ours.py").write_text(DAG)
    (folder / "ours.py").chmod(0o600)
    (folder / "our needs.txt").write_text("humanfriendly==10.0\n")
    return folder


@pytest.fixture(scope="module")
def within(dags: Path) -> Callable[..., str]:
    built = make_image(dags)
    assert not built.returncode, built.stdout + built.stderr

    def run(script: str, user: str = "50000", tag: str = TAG) -> str:
        command = [engine()[0], "run", "--rm", "--user", user, f"airflow:{tag}", "bash", "-c", script]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return run


def test_it_holds_what_the_pins_say(within: Callable[..., str]) -> None:
    said = within("airflow version; jupyter kernelspec list; flake8 --version; aws --version; pip list --format freeze")
    assert said.startswith("3.3.2\n")
    assert "/home/airflow/.local/share/jupyter/kernels/python3" in said
    assert "aws-cli/" in said
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "image/requirements.txt").read_text(), re.MULTILINE)
    listed = dict(re.findall(r"^([\w.-]+)==(\S+)$", said, re.MULTILINE))
    held = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in listed.items()}
    pinned = {name for name, _ in pins}
    assert held.keys() - pinned <= {"humanfriendly", "pip", "setuptools", "uv", "wheel"}
    assert [name for name in held.keys() & pinned if (name, held[name]) not in pins] == []


def test_no_history_no_cache_and_nothing_that_anyone_may_write(within: Callable[..., str]) -> None:
    assert within("find / -xdev -name .git -not -path '/proc/*' 2>/dev/null || true") == ""
    assert within("ls -A /tmp") == ""
    anyone = within("find / -xdev -not -path '/proc/*' -perm -0002 -not -type l 2>/dev/null || true").split()
    assert set(anyone) <= {"/tmp", "/var/tmp", "/run/lock"}


@pytest.mark.parametrize("user", ["50000", "1234567:0"])
def test_its_user_and_any_other_of_group_0_run_it(user: str, within: Callable[..., str]) -> None:
    script = """
    export AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=sqlite:////tmp/airflow.db
    { airflow db migrate && airflow dags reserialize; } >/tmp/log 2>&1 || cat /tmp/log
    airflow dags list 2>/dev/null; airflow dags list-import-errors 2>/dev/null
    papermill --kernel python3 --help >/dev/null && touch /opt/airflow/logs/written && id -g
    """
    said = within(script, user)
    assert re.search(r"^ours +\| /opt/airflow/dags/ours.py ", said, re.MULTILINE), said
    assert "No data found" in said
    assert said.endswith("\n0\n")


def test_other_requirements_are_no_matter_of_the_cache(dags: Path, tmp_path: Path, within: Callable[..., str]) -> None:
    other = shutil.copytree(dags, tmp_path / "other")
    (other / "our needs.txt").write_text("humanfriendly==9.2\n")
    built = make_image(other, f"{TAG}-anew")
    assert not built.returncode, built.stdout + built.stderr
    assert "humanfriendly==10.0" in within("pip freeze")
    assert "humanfriendly==9.2" in within("pip freeze", tag=f"{TAG}-anew")


def test_a_dag_that_does_not_import_fails_the_build(dags: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(dags, tmp_path / "broken")
    (broken / "ours.py").write_text(DAG.replace("humanfriendly", "not_there"))
    done = make_image(broken)
    assert done.returncode
    assert "No module named 'not_there'" in done.stdout + done.stderr
