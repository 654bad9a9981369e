"""`prove` on the engine with simulated clouds: an ephemeral copy comes, is destroyed, and the report says all of it.

There is no Kubernetes behind the simulated cluster: the steps that look into it fail, are told as failed, and the copy
is destroyed all the same.
"""

import json
import stat
import sys
from pathlib import Path

import pytest
import yaml

from tests.engine import stacks
from tests.engine.engine import Stack
from tests.engine.providers.server import Clouds

CLOUD = {"aws": json.dumps({"ResourceTagMappingList": []}), "az": "[]"}
CLI = """
import sys
if {{"get-resources", "resource"}} & set(sys.argv):
    print({answer!r})
else:
    sys.exit(1)
"""


def prove(stack: Stack, folder: Path, *options: str, given: str = "", ok: bool = False) -> tuple[int, str]:
    """The verb in the stack's checkout, with the clouds' commands answering that nothing is left."""
    programs = folder / "commands"
    programs.mkdir()
    for name, answer in CLOUD.items():
        path = programs / name
        path.write_text(f"#!{sys.executable}\n{CLI.format(answer=answer)}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    checkout = stack.checkout
    more = {"PATH": f"{programs}:{checkout.environment['PATH']}"}
    command = (".venv/bin/python", "-m", "ops", "prove", "--stack", stack.name, *options)
    said = checkout.run(*command, given=given, ok=ok, more=more)
    return said.code, said.text


@pytest.mark.parametrize(("name", "where"), [("integration", "."), ("integration", "examples/azure")])
def test_a_copy_comes_is_looked_at_and_is_gone(clouds: Clouds, tmp_path: Path, name: str, where: str) -> None:
    stack = stacks.begin(tmp_path, clouds, name, where)
    content = yaml.safe_load(stack.file.read_text())
    content["config"]["airflow:platform"]["dns"] = "off"  # no certificate to wait for
    stack.file.write_text(yaml.safe_dump(content, sort_keys=False))
    before = sorted(path.name for path in stack.checkout.project.glob("Pulumi.*"))
    code, text = prove(stack, tmp_path, "--yes")
    (file,) = (stack.checkout.project / "build/prove").glob("*.md")
    report = file.read_text()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in report.splitlines() if line.startswith("| ")}
    assert code == 1, "no cluster is there to look into"
    assert "US dollars" in text
    for step in ("secrets", "up", "refresh", "destroy", "leftovers"):
        assert "failed" not in rows[step], f"{rows[step]}\n{text[-4000:]}"
    for step in ("canary", "rotation", "fault"):
        assert "**failed**" in rows[step]
    assert "**Not all steps held.**" in report
    made = [event for event in clouds.world.events if "::prove-" not in event.urn and "prove-" in event.urn]
    assert made, "the copy has a name of its own"
    assert clouds.world.standing == []
    assert sorted(path.name for path in stack.checkout.project.glob("Pulumi.*")) == before
    assert name in stack.checkout.pulumi("stack", "ls").text
    assert "prove-" not in stack.checkout.pulumi("stack", "ls").text


def test_nothing_is_made_where_the_price_is_not_taken(clouds: Clouds, tmp_path: Path) -> None:
    stack = stacks.begin(tmp_path, clouds, "integration")
    code, text = prove(stack, tmp_path)
    assert code == 2
    assert "US dollars" in text
    assert "YES=1" in text
    assert clouds.world.events == []
    assert "prove-" not in stack.checkout.pulumi("stack", "ls").text
