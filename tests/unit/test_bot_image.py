"""The bot's Dockerfile, as far as it can be judged without building it, and the Slack app's manifest."""

import re
import subprocess
import sys

import pytest
import yaml

from bot.commands import HELP
from infra.platform.workload import NOBODY
from infra.preview.planning import ROOT

FILE = ROOT / "image/bot.Dockerfile"
LINES = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
KEPT = [line[1:] for line in (ROOT / "image/bot.Dockerfile.dockerignore").read_text().split() if line.startswith("!")]


def of(kind: str) -> list[str]:
    return [line.removeprefix(kind).strip() for line in LINES if line.split()[0] == kind]


@pytest.mark.guarantee("charts and images are pinned")
def test_the_base_is_an_exact_tag() -> None:
    assert of("FROM") == ["${BASE_IMAGE}"]
    assert re.fullmatch(r"BASE_IMAGE=docker\.io/library/python:3\.12\.\d+-slim-[a-z]+", of("ARG")[0])


def test_every_source_exists_and_is_not_ignored() -> None:
    sources = {line.split()[0] for line in of("COPY")}
    assert sources == {"requirements/bot.txt", "bot"}
    for source in sources:
        assert (ROOT / source).exists()
        assert any(kept == source or kept == f"{source}/*.py" for kept in KEPT)
    assert not [path for path in (ROOT / "bot").rglob("*.py") if path.parent != ROOT / "bot"]  # what *.py would miss


def test_it_runs_as_the_deployments_user_and_not_as_root() -> None:
    assert of("USER") == [f"{NOBODY}:{NOBODY}"]
    assert of("ENTRYPOINT") == ['["python", "-m", "bot"]']


def test_every_requirement_has_hashes_and_the_tested_version() -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements/bot.txt").read_text().strip())
    tested = (ROOT / "requirements/dev.txt").read_text()
    for block in blocks:
        assert "--hash=sha256:" in block
        assert f"\n{block.split()[0]} " in f"\n{tested}"


def test_the_bot_imports_what_its_requirements_hold() -> None:
    """Whatever else is installed here: each module that it loads is one of theirs, its own, or Python's."""
    code = (
        "import sys, bot.__main__; "
        "print(*sorted({getattr(m, '__file__', '') or '' for m in list(sys.modules.values())}), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    optional = {"rich", "click", "pygments"}  # httpx's own command line, which it does without
    loaded = {match[1] for match in re.finditer(r"site-packages/(?!_)(\w+)", done.stdout)} - optional
    names = re.findall(r"^([\w-]+)==", (ROOT / "requirements/bot.txt").read_text(), re.MULTILINE)
    assert loaded <= {name.replace("-", "_") for name in names}
    assert {"slack_bolt", "httpx", "pydantic"} <= loaded


def test_the_manifest_asks_for_what_the_bot_uses() -> None:
    manifest = yaml.safe_load((ROOT / "bot/slack-manifest.yaml").read_text())
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == "/airflow"
    assert set(re.findall(r"/airflow (\w+)", HELP)) == {hint.split()[0] for hint in command["usage_hint"].split(" | ")}
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert {"commands", "chat:write"} <= set(manifest["oauth_config"]["scopes"]["bot"])
