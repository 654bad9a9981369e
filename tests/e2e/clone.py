"""A fresh clone of the checkout, in which a stack is worked on by the verbs that a person runs."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.preview.planning import ROOT

LONGEST = 1800  # seconds that one verb may take
FOLDER = ROOT / "build" / "e2e"
"""In the checkout, so that a node that mounts it sees the clone's DAGs too."""


class VerbError(AssertionError):
    """A command that should have done it, with the end of what it said."""


@dataclass(frozen=True)
class Clone:
    """`folder` holds the clone, the state of its stacks and the log of all that was run."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Clone":
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "state").mkdir(parents=True)
        made = cls(folder)
        made.run("git", "clone", "-q", "--no-hardlinks", str(ROOT), str(made.project), cwd=folder)
        made.make_verb("install")
        return made

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def environment(self) -> dict[str, str]:
        """The user's own, with the plugins of their Pulumi, and a state that nobody else has."""
        return {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "e2e",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def make_verb(self, verb: str, *words: str, given: str = "") -> str:
        """`make VERB STACK=local WORD…`"""
        return self.run("make", "--no-print-directory", verb, "STACK=local", *words, given=given)

    def pulumi(self, *arguments: str, given: str = "") -> str:
        return self.run("pulumi", *arguments, "--stack", "local", "--non-interactive", "--color", "never", given=given)

    def outputs(self) -> dict[str, Any]:
        said = self.run("pulumi", "stack", "output", "--json", "--stack", "local")
        return json.loads(said[said.index("{") :])

    def config(self, key: str) -> str:
        """A value of the stack's config, decrypted; it stands in no log."""
        command = ("pulumi", "config", "get", f"airflow:{key}", "--stack", "local")
        done = subprocess.run(command, cwd=self.project, env=self.environment, capture_output=True, text=True)
        return done.stdout.removesuffix("\n")

    def run(self, *command: str, given: str = "", cwd: Path | None = None) -> str:
        """What it said. Raises VerbError where it failed; either way it stands in the log."""
        started = time.monotonic()
        with (self.folder / "log.txt").open("a") as log:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            done = subprocess.run(
                command,
                cwd=cwd or self.project,
                env=self.environment,
                input=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LONGEST,
            )
            log.write(f"{done.stdout}\n→ {done.returncode} after {time.monotonic() - started:.1f} s\n\n")
        if done.returncode:
            raise VerbError(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done.stdout
