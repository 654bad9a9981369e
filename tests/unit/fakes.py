"""Programs that stand on PATH in place of the real ones: they note how they were called and answer what a test says."""

import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCRIPT = """\
#!{python}
import json, os, pathlib, sys
here = pathlib.Path({folder!r})
name = pathlib.Path(sys.argv[0]).name
arguments = sys.argv[1:]
given = "" if sys.stdin.isatty() else sys.stdin.read()
env = {{key: os.environ[key] for key in ("KUBECONFIG",) if key in os.environ}}
with open(here / "calls.jsonl", "a") as calls:
    calls.write(json.dumps({{"name": name, "arguments": arguments, "given": given, "env": env}}) + "\\n")
text = " ".join([name, *arguments])
if "config set --secret" in text:
    file = arguments[arguments.index("--config-file") + 1]
    with open(file, "a") as stack:
        stack.write("  " + arguments[3] + ":\\n    secure: v1:made-up\\n")
for words, answer in json.loads((here / "answers.json").read_text()):
    if words in text:
        sys.stdout.write(answer.get("out", ""))
        sys.stderr.write(answer.get("err", ""))
        sys.exit(answer.get("code", 0))
"""


@dataclass(frozen=True)
class Call:
    """One call of a program."""

    name: str
    arguments: list[str]
    given: str
    env: dict[str, str]

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments])


@dataclass(frozen=True)
class Programs:
    """The folder that is PATH for a test."""

    folder: Path

    def add(self, *names: str) -> None:
        """Put programs there."""
        for name in names:
            path = self.folder / name
            path.write_text(_SCRIPT.format(python=sys.executable, folder=str(self.folder)))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.answer()

    def answer(self, *answers: tuple[str, dict[str, Any]]) -> None:
        """What calls that contain these words get: `out`, `err` and `code`; the first that fits holds."""
        (self.folder / "answers.json").write_text(json.dumps(answers))

    def calls(self) -> list[Call]:
        """Every call since the test began."""
        log = self.folder / "calls.jsonl"
        return [Call(**json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


def on_path(folder: Path, monkeypatch: Any) -> Programs:
    """An empty PATH but for what the test adds, and for the system's own folders where nothing of ours is."""
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in [key for key in os.environ if key.startswith(("PULUMI_", "KUBE"))]:
        monkeypatch.delenv(name)
    return Programs(folder)
