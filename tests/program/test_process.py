"""A plan in a process of its own: what it imports, what it takes, and that the hash seed changes nothing."""

import os
import subprocess
import sys

import pytest

from infra.preview.planning import ROOT

PROGRAM = """
import pathlib, sys
from infra.preview.__main__ import run
try:
    run()
except SystemExit:
    pass
memory = pathlib.Path("/proc/self/status")
peak = memory.read_text().partition("VmHWM:")[2].split()[0] if memory.exists() else 0
print(peak, *sorted({"pulumi_aws", "pulumi_azure_native"} & sys.modules.keys()), file=sys.stderr)
"""


def planned(stack: str, stacks: str, seed: str) -> tuple[str, int, list[str]]:
    """The plan's text, the peak of memory in MB (0 where Linux does not tell it), and the clouds' SDKs imported."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--stack", stack, "--stacks", stacks, "--json"],
        cwd=ROOT,
        env={**environment, "PYTHONHASHSEED": seed},
        check=True,
        capture_output=True,
        text=True,
    )
    peak, *sdks = done.stderr.split()
    return done.stdout, int(peak) // 1024, sdks


@pytest.mark.parametrize(
    ("stack", "stacks", "sdks"),
    [
        ("local", ".", []),
        ("production", ".", ["pulumi_aws"]),
        ("production", "examples/azure", ["pulumi_azure_native"]),
    ],
)
def test_a_plan_is_small_and_imports_its_own_cloud(stack: str, stacks: str, sdks: list[str]):
    # `make install` compiles what a plan imports; without that it takes 60 MB more.
    _, megabytes, imported = planned(stack, stacks, "1")
    assert imported == sdks
    assert megabytes < 250


def test_the_hash_seed_changes_nothing():
    assert planned("local", ".", "1")[0] == planned("local", ".", "2")[0]
