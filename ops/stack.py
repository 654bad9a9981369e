"""Which stack a verb is about, what its file says, and Pulumi's CLI run on it.

Secrets go to the CLI by standard input: every process of the machine can read arguments.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from infra import settings
from infra.names import Names
from infra.preview import stackfile
from infra.preview.planning import ROOT
from infra.preview.stackfile import StackFile
from infra.settings import SecretKey, Settings
from infra.settings.release import Release
from ops import pulumi_cli
from ops.errors import OpsError


def _checked(name: str) -> str:
    """Pulumi's rule for a stack's name, so that nothing else reaches its CLI, a path or a git reference."""
    if not re.fullmatch(r"(\w[\w.-]*/){0,2}\w[\w.-]*", name, re.ASCII):
        there = ", ".join(stackfile.names(ROOT))
        raise OpsError(f"which stack? STACK={name!r} is no stack's name; there are {there} (another folder: STACKS=…)")
    return name


StackOption = Annotated[str, typer.Option("--stack", help="Stack: its file is Pulumi.STACK.yaml.", callback=_checked)]
StacksOption = Annotated[
    Path,
    typer.Option("--stacks", help="Folder of the stack files, such as examples/azure.", show_default="the checkout"),
]
Rest = Annotated[list[str] | None, typer.Argument(metavar="[-- PULUMI'S OPTIONS]", help="Handed to the Pulumi CLI.")]


@dataclass(frozen=True)
class Stack:
    """A stack by name, with the folder of its file. Reading its settings raises InputError or SettingsError."""

    name: str
    folder: Path = ROOT

    @property
    def given(self) -> str:
        """How make is told of it, in the words of a cure: `STACK=production STACKS=examples/azure`."""
        return f"STACK={self.name}" + ("" if self.folder.resolve() == ROOT else f" STACKS={self.folder}")

    @property
    def for_pulumi(self) -> str:
        """How the CLI is told of it, in the words of a cure."""
        return shlex.join(["--stack", self.name, *self.file_option])

    @cached_property
    def file(self) -> StackFile:
        """The stack file with the project's defaults."""
        return stackfile.read(ROOT, self.folder, self.name)

    @cached_property
    def config(self) -> Mapping[str, str]:
        """The flat config in the clear; encrypted values are empty text, and the examples stand for owners' values."""
        entries, _ = stackfile.owner_values(self.file.entries)
        return {key: entry.text for key, entry in entries.items()}

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Config paths whose shipped value only the owner can replace."""
        return stackfile.owner_values(self.file.entries)[1]

    @cached_property
    def settings(self) -> Settings:
        """What the stack is."""
        return settings.read(self.config)

    @property
    def names(self) -> Names:
        """The names of what it makes."""
        return Names(self.file.project, self.file.stack, self.settings.prefix)

    def holds(self, key: str) -> bool:
        """Whether the secret `key` is there, encrypted."""
        entry = self.file.entries.get(f"{self.file.project}:{key}")
        return entry is not None and entry.secure

    @property
    def secret_keys(self) -> set[str]:
        """Keys, without namespace, of the secrets that are there, encrypted."""
        keys = (full.partition(":") for full, entry in self.file.entries.items() if entry.secure)
        return {key for project, _, key in keys if project == self.file.project and settings.is_secret_key(key)}

    def secret_key(self, kind: str, release: str = "") -> str:
        """The key under which a release (by name, or the only one) has a kind of secret, or where a new one belongs.

        Raises OpsError where several releases could be meant, or where `make secrets` has to move the key first.
        """
        one = self.release(release)
        own, alone = f"{one.name}.{kind}", len(self.settings.releases) == 1
        if self.holds(own):
            return own
        if not alone and kind in settings.nameless(self.settings, self.secret_keys):
            raise OpsError(f"{kind} is no release's own yet: `make secrets {self.given}` moves it to the one it is of")
        return own if not alone or (release and not self.holds(kind)) else kind

    def release(self, name: str = "") -> Release:
        """The release of that name, or the only one. Raises OpsError with the names that there are."""
        releases = self.settings.releases
        found = [one for one in releases if one.name == name] if name else list(releases)
        if len(found) == 1:
            return found[0]
        names = ", ".join(one.name for one in releases) or "none"
        raise OpsError(f"which release? RELEASE=… is one of: {names}")

    def missing_secrets(self) -> tuple[SecretKey, ...]:
        """What the settings ask for and the file has not; a release's own key serves where the stack's is meant."""
        return tuple(
            secret
            for secret in settings.required_secrets(self.settings)
            if not self.holds(secret.key) and not self.holds(f"{secret.release}.{secret.spec.name}")
        )

    def outputs(self) -> dict[str, Any]:
        """What the stack exports; secret ones stay masked."""
        done = self.capture("stack", "output", "--json")
        return cast("dict[str, Any]", json.loads(done))

    @cached_property
    def standing(self) -> dict[str, Any]:
        """What the stack exports as it stood when it was first asked; nothing where it was never deployed."""
        done = self.capture("stack", "output", "--json", unless="no stack named")
        return cast("dict[str, Any]", json.loads(done or "{}"))

    def state(self) -> list[dict[str, Any]]:
        """The resources of the stack's state; secrets in it stay encrypted."""
        return resources_of(self.export())

    def export(self) -> dict[str, Any]:
        """The stack's state as `pulumi stack import` takes it back; secrets in it stay encrypted."""
        return cast("dict[str, Any]", json.loads(self.capture("stack", "export")))

    def set_secret(self, key: str, value: str) -> None:
        """Store a secret under `key` (without namespace), encrypted in the stack file."""
        self.capture("config", "set", "--secret", f"{self.file.project}:{key}", *self.file_option, given=value)

    def set_path(self, path: str, value: str) -> None:
        """Set a text that is no secret, below a key (`releases[0].dags.ref`), in the stack file."""
        key = f"{self.file.project}:{path}"
        # Without a type the CLI would write a branch called 7 or true as no text.
        self.capture("config", "set", "--path", "--type", "string", key, value, *self.file_option)

    def get_secret(self, key: str) -> str:
        """A secret's decrypted value; empty where there is none."""
        full = f"{self.file.project}:{key}"
        said = self.capture("config", "get", full, *self.file_option, unless="configuration key")
        return said.removesuffix("\n")  # the CLI adds one

    def on_terminal(self, *arguments: str) -> None:
        """Run the CLI on the user's terminal; the verb ends with its exit code where that is not 0."""
        code = pulumi_cli.on_terminal(*arguments, "--stack", self.name, *self.file_option)
        if code:
            raise typer.Exit(code)

    def capture(self, *arguments: str, given: str = "", unless: str = "") -> str:
        """Run the CLI and return what it printed, nothing where it failed by saying `unless`.

        Raises OpsError with its own words where it failed otherwise.
        """
        done = pulumi_cli.quietly(*arguments, "--stack", self.name, given=given)
        if done.returncode and unless and unless in done.stderr:
            return ""
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            raise OpsError(f"`pulumi {' '.join(arguments)}` failed: {said}{self._hint(said)}")
        return done.stdout

    def _hint(self, said: str) -> str:
        """What the CLI does not say: `stack init` makes what it lacks, and knows files beside Pulumi.yaml alone."""
        if "no stack named" in said:
            return f"\n`pulumi stack init {self.name}` makes it"
        if "passphrase must be set" in said and self.file_option:
            return (
                f"\n{self.file.path} names no secrets provider: `pulumi stack init` wrote it beside Pulumi.yaml. "
                "Copy the file there first, and leave STACKS out"
            )
        return ""

    @property
    def file_option(self) -> tuple[str, ...]:
        """The CLI looks into the project's folder by itself."""
        if self.folder.resolve() == ROOT:
            return ()
        return ("--config-file", str(self.file.path.resolve()))


def resources_of(exported: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources of an exported state, for reading and changing; a stack that was never deployed has none."""
    deployment = cast("dict[str, Any]", exported.get("deployment") or {})
    return cast("list[dict[str, Any]]", deployment.get("resources") or [])
