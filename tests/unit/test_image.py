"""The image's Dockerfile, as far as it can be judged without building it, and the verbs that build and push it.

tests/real/test_image.py builds it."""

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
KNOWN = {"FROM", "ARG", "RUN", "COPY", "USER"}
CONTEXTS = {"dags", "plugins", "extra"}
STAGES = {"folders"}


def of(kind: str) -> list[str]:
    return [line.removeprefix(kind).strip() for line in INSTRUCTIONS if line.split()[0] == kind]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=ROOT, check=False, capture_output=True, text=True)


def test_every_line_is_an_instruction() -> None:
    assert {line.split()[0] for line in INSTRUCTIONS} == KNOWN


@pytest.mark.guarantee("charts and images are pinned")
def test_the_base_is_the_pinned_image_by_digest() -> None:
    """With its registry's name: Podman asks for one."""
    pinned = f"docker.io/{versions.AIRFLOW_IMAGE}:{versions.AIRFLOW_IMAGE_TAG}@{versions.AIRFLOW_IMAGE_DIGEST}"
    assert of("ARG")[0] == f"BASE_IMAGE={pinned}"
    assert of("FROM") == ["${BASE_IMAGE} AS folders", "${BASE_IMAGE}"]
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
            assert context in CONTEXTS | STAGES
        else:
            assert (IMAGE / source).exists()
            assert source in kept
    for context in CONTEXTS:
        assert re.search(f"--build-context ['\"]{context}=", make("--dry-run", "image").stdout)


def test_only_a_stage_that_is_left_behind_sees_a_repositorys_history() -> None:
    last = INSTRUCTIONS[INSTRUCTIONS.index("FROM ${BASE_IMAGE}") :]
    assert not [line for line in last if "from=dags" in line or "from=plugins" in line]
    assert not [line for line in last if line.startswith("USER")]


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


@pytest.fixture
def builder(tmp_path: Path) -> str:
    """DOCKER=…: a program that knows named contexts, and refuses everything else."""
    program = tmp_path / "docker"
    knows = '[ "$*" = "build --help" ] && exec echo --build-context'
    program.write_text(f"""#!/bin/sh\n{knows}\nprintf '%s\\n' "$@"\necho refused >&2; exit 125\n""")
    program.chmod(0o755)
    return f"DOCKER={program}"


def test_another_repositorys_dags_and_requirements(builder: str, tmp_path: Path) -> None:
    other = tmp_path / "other dags"
    other.mkdir()
    (other / "our needs.txt").touch()
    given = make("image", builder, f"DAGS={other}", f"REQUIREMENTS={other}/our needs.txt", "TAG=1").stdout.splitlines()
    assert {f"dags={other}", f"extra={other}", "EXTRA=our needs.txt", "airflow:1"} <= set(given)
    assert {"extra=image", "EXTRA=requirements.txt"} <= set(make("image", builder).stdout.splitlines())


def test_a_mirror_of_the_base_and_podman_get_the_same_image(builder: str) -> None:
    printed = make("--dry-run", "image", "bot-image", builder, "BASE_IMAGE=mirror.example.org/base:1").stdout
    assert (
        printed.count("BUILDAH_FORMAT=docker ")
        == printed.count("--build-arg 'BASE_IMAGE=mirror.example.org/base:1'")
        == 2
    )
    assert "BASE_IMAGE" not in make("--dry-run", "image", builder).stdout


@pytest.mark.parametrize("verb", ["image", "bot-image"])
@pytest.mark.parametrize(
    ("docker", "said"), [("no-such-program", "no no-such-program"), ("true", "no --build-context")]
)
def test_a_builder_that_cannot_is_told_with_its_cure(verb: str, docker: str, said: str) -> None:
    done = make(verb, f"DOCKER={docker}")
    assert done.returncode == 2
    assert said in done.stderr
    assert "DOCKER=podman" in done.stderr


def test_what_is_missing_is_told_at_once(builder: str) -> None:
    done = make("image", builder, "DAGS=README.md", "PLUGINS=nowhere", "REQUIREMENTS=image")
    said = ["DAGS=README.md: no such folder", "PLUGINS=nowhere: no such folder", "REQUIREMENTS=image: no such file"]
    assert done.stderr.splitlines()[:3] == said
    assert "refused" not in done.stderr, "nothing is built"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["TAG=1"], "name the registry"),
        (["IMAGE=registry.example.org/airflow", "TAG=3.3.2-abc-dirty"], "commit first"),
        (["IMAGE=registry.example.org/airflow", "TAG=1"], "registryLoginCommand of `make outputs STACK=…` logs in"),
    ],
)
def test_a_push_that_cannot_be_says_why(words: list[str], said: str, builder: str) -> None:
    done = make("push", builder, *words)
    assert done.returncode == 2
    assert said in done.stderr
