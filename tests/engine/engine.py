"""The Pulumi CLI on a checkout of its own: state, home and stack files are the test's, the clouds are simulated."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from infra.preview.planning import ROOT
from tests.engine.providers.faults import Fault
from tests.engine.providers.server import Clouds

PASSPHRASE = "correct-horse-battery"
LONGEST = 600
"""Seconds that one command of the CLI may take."""
_LEFT_OUT = (".*cache*", ".airflow", ".git", ".hypothesis", ".tools", ".venv", "__pycache__", "build", "node_modules")
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "simulated", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "simulated", "user": {}}],
    "contexts": [{"name": "kind-airflow", "context": {"cluster": "simulated", "user": "simulated"}}],
    "current-context": "kind-airflow",
}


class EngineError(AssertionError):
    """A command that should have done it, with what it said."""


@dataclass(frozen=True)
class Said:
    """A command that ended: `text` is standard output and error as they came."""

    command: tuple[str, ...]
    code: int
    text: str
    seconds: float


@dataclass
class Checkout:
    """A copy of the project, so that stack files and the program itself can be changed."""

    folder: Path
    clouds: Clouds
    said: list[Said] = field(default_factory=list[Said])

    @classmethod
    def make(cls, folder: Path, clouds: Clouds) -> "Checkout":
        project = folder / "project"
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        (project / ".venv").symlink_to(ROOT / ".venv")
        for name in ("home", "programs", "state", "person/.kube"):
            (folder / name).mkdir(parents=True)
        (folder / "person/.kube/config").write_text(json.dumps(KUBECONFIG))
        return cls(folder, clouds)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def environment(self) -> dict[str, str]:
        return {
            # without compiled files each command would read the program's sources anew
            **{key: value for key, value in os.environ.items() if key not in ("KUBECONFIG", "PYTHONDONTWRITEBYTECODE")},
            **self.clouds.environment,
            "HOME": str(self.folder / "person"),
            "PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def run(self, *command: str, given: str = "", ok: bool = True, more: Mapping[str, str] | None = None) -> Said:
        """Run a command in the project. Raises EngineError where `ok` and it failed."""
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environment | (more or {}),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
        )
        said = Said(command, done.returncode, done.stdout, time.monotonic() - started)
        self.said.append(said)
        if ok and done.returncode:
            raise EngineError(f"{' '.join(command)[:200]} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return said

    def pulumi(self, *arguments: str, given: str = "", ok: bool = True) -> Said:
        return self.run("pulumi", *arguments, "--non-interactive", "--color", "never", given=given, ok=ok)


@dataclass
class Stack:
    """One stack of a checkout."""

    checkout: Checkout
    name: str

    @property
    def file(self) -> Path:
        return self.checkout.project / f"Pulumi.{self.name}.yaml"

    def cli(self, *arguments: str, ok: bool = True) -> Said:
        return self.checkout.pulumi(*arguments, "--stack", self.name, ok=ok)

    def up(self, *more: str, ok: bool = True) -> Said:
        return self.cli("up", "--yes", "--skip-preview", *more, ok=ok)

    def killed(self, fault: Fault, *command: str, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Run a command and kill it with SIGKILL once the fault was met; False where the command ended before that.

        `meanwhile` is called while it hangs.
        """
        line = ("pulumi", *command, "--yes", "--skip-preview", "--non-interactive", "--stack", self.name)
        checkout = self.checkout
        with Path(checkout.folder, "killed.txt").open("a+") as log:
            process = subprocess.Popen(
                line, cwd=checkout.project, env=checkout.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            while not fault.met and process.poll() is None:
                time.sleep(0.2)
            time.sleep(1)  # what was under way beside it ends
            ended = process.poll() is not None
            meanwhile()
            process.kill()
            process.wait()
        checkout.said.append(Said(line, process.returncode, Path(log.name).read_text(), 0))
        return not ended

    def unchanged(self) -> Said:
        """`up` of a stack that has nothing to do; it fails where there is something."""
        return self.up("--expect-no-changes", ok=False)

    def refresh(self, *more: str, ok: bool = True) -> Said:
        return self.cli("refresh", "--yes", "--skip-preview", *more, ok=ok)

    def destroy(self, *more: str, ok: bool = True) -> Said:
        """With the preview that a protected resource stops: without it the CLI begins, and deletes all the others."""
        return self.cli("destroy", "--yes", *more, ok=ok)

    def preview(self) -> dict[str, Any]:
        """The engine's own plan: `steps`, each with `op`, `urn`, `oldState` and `newState`."""
        return self.read(self.cli("preview", "--json"))

    @staticmethod
    def read(said: Said) -> dict[str, Any]:
        """The JSON object that a command printed."""
        return _object_in(said.text)

    def unprotect(self) -> None:
        """What a person says before data may go."""
        self.cli("state", "unprotect", "--all", "--yes")

    def export(self) -> dict[str, Any]:
        """The state: `resources`, `pending_operations`."""
        done = self.checkout.run("pulumi", "stack", "export", "--stack", self.name)
        return cast("dict[str, Any]", _object_in(done.text)["deployment"])

    def resources(self) -> list[dict[str, Any]]:
        return self.export().get("resources", [])

    def outputs(self) -> dict[str, Any]:
        return _object_in(self.checkout.run("pulumi", "stack", "output", "--json", "--stack", self.name).text)

    def set_secrets(self, values: Mapping[str, str]) -> None:
        pairs = [word for key, value in values.items() for word in ("--secret", f"airflow:{key}={value}")]
        if pairs:
            self.cli("config", "set-all", *pairs)


def _object_in(text: str) -> dict[str, Any]:
    """The JSON object that the CLI printed, whatever warnings stand before it."""
    return json.loads(text[text.index("{") : text.rindex("}") + 1])
