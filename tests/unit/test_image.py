"""The image's Dockerfile, as far as it can be judged without Docker, and the verbs that build and push it."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from infra import versions

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "image"
# one instruction a line, continuations joined, comments left out
TEXT = re.sub(r"^#.*\n", "", (IMAGE / "Dockerfile").read_text(), flags=re.MULTILINE)
INSTRUCTIONS = [line.strip() for line in TEXT.replace("\\\n", " ").splitlines() if line.strip()]
KNOWN = {"FROM", "ARG", "RUN", "COPY"}
CONTEXTS = {"dags", "plugins", "extra"}


def of(kind: str) -> list[str]:
    return [line.removeprefix(kind).strip() for line in INSTRUCTIONS if line.split()[0] == kind]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=ROOT, check=False, capture_output=True, text=True)


def test_every_line_is_an_instruction() -> None:
    assert {line.split()[0] for line in INSTRUCTIONS} == KNOWN


def test_the_base_is_the_pinned_image_by_digest() -> None:
    pinned = f"{versions.AIRFLOW_IMAGE}:{versions.AIRFLOW_IMAGE_TAG}@{versions.AIRFLOW_IMAGE_DIGEST}"
    assert of("FROM") == [pinned]  # checks: invariant 22
    assert versions.AIRFLOW_IMAGE_TAG.startswith(f"{versions.AIRFLOW}-")


def test_uv_is_the_makefiles() -> None:
    pinned = re.search(r"^UV_VERSION := (\S+)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert pinned
    assert f"uv=={pinned[1]} " in TEXT


def test_every_source_exists_and_is_not_ignored() -> None:
    kept = {line[1:] for line in (IMAGE / ".dockerignore").read_text().split() if line.startswith("!")}
    for line in of("COPY"):
        words = shlex.split(line)
        source = next(word for word in words if not word.startswith("--"))
        context = next((word.removeprefix("--from=") for word in words if word.startswith("--from=")), None)
        if context:
            assert context in CONTEXTS
        else:
            assert (IMAGE / source).exists()
            assert source in kept
    for context in CONTEXTS:
        assert f"--build-context '{context}=" in make("--dry-run", "image").stdout


def test_no_repositorys_history_is_baked_in() -> None:
    baked = [line for line in of("COPY") if "--from=dags" in line or "--from=plugins" in line]
    assert len(baked) == 2
    assert all("--exclude=**/.git " in line and "--exclude=**/__pycache__ " in line for line in baked)


def test_shell_lines_parse() -> None:
    for line in of("RUN"):
        command = re.sub(r"^(--mount=\S+\s+)*", "", line)
        subprocess.run(["bash", "-n", "-c", command], check=True)


def test_every_requirement_is_pinned_by_hash() -> None:
    blocks = re.split(r"\n(?=\S)", (IMAGE / "requirements.txt").read_text().strip())
    assert len(blocks) > 100
    assert not [
        block for block in blocks if not re.match(r"[\w.-]+(\[[\w,.-]+\])?==\S+", block) or "--hash=" not in block
    ]
    assert any(block.startswith(f"apache-airflow=={versions.AIRFLOW} ") for block in blocks)


@pytest.mark.parametrize(
    "package",
    ["papermill", "ipykernel", "jupysql", "flake8", "awscli", "apache-airflow-providers-cncf-kubernetes"]
    + [
        f"apache-airflow-providers-{name}" for name in ("slack", "amazon", "microsoft-azure", "fab", "smtp", "postgres")
    ],
)
def test_the_image_holds(package: str) -> None:
    assert f"\n{package}==" in "\n" + (IMAGE / "requirements.txt").read_text()


def test_another_repositorys_dags_and_requirements() -> None:
    printed = make("--dry-run", "image", "DAGS=../other/dags", "REQUIREMENTS=../other/needs.txt", "TAG=1").stdout
    assert "--build-context 'dags=../other/dags'" in printed
    assert "--build-context 'extra=../other/' --build-arg 'EXTRA=needs.txt'" in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["image", "DOCKER=no-such-program"], "no no-such-program"),
        (["image", "DOCKER=true", "DAGS=no-such-folder"], "no-such-folder"),
        (["push", "DOCKER=true", "TAG=1"], "name the registry"),
        (["push", "DOCKER=true", "IMAGE=registry.example.org/airflow", "TAG=3.3.2-abc-dirty"], "commit first"),
    ],
)
def test_what_is_missing_is_said(words: list[str], said: str) -> None:
    done = make(*words)
    assert done.returncode != 0
    assert said in done.stderr
