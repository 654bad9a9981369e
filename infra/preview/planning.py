"""From a stack file to its plan: reads the config, puts placeholders in for secrets, records the program."""

import hashlib
import importlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from infra import settings
from infra.preview import secret_sources, stackfile, what_if
from infra.preview.model import Plan
from infra.preview.recorder import Program, record
from infra.preview.stackfile import StackFile
from infra.settings.secret_keys import SecretKey, SecretSpec

ROOT = Path(__file__).resolve().parents[2]
"""The checkout: `Pulumi.yaml` stands here."""


@dataclass(frozen=True)
class Request:
    """What to plan: a stack, the folder of its file, and what-if values.

    `config` holds `KEY=VALUE` texts; `secrets` maps a secret's key to the text that was piped in for it.
    """

    stack: str
    stacks: Path = ROOT
    config: Sequence[str] = ()
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Planned:
    """A plan, and how the secrets that it still misses are set: one command each, in the order of
    `plan.missing_secrets`, and the `verb` that makes all of them that can be made.
    """

    plan: Plan
    commands: tuple[str, ...]
    verb: str


@dataclass(frozen=True)
class _Inputs:
    """The config that the program gets, and what had to be made up for it."""

    config: dict[str, str]
    secret_keys: frozenset[str]
    missing: tuple[str, ...]
    commands: tuple[str, ...]
    placeholders: tuple[str, ...]


def make(request: Request, program: Program | None = None) -> Planned:
    """The plan of `infra.program.run` (or of `program`) for a stack.

    Raises InputError and settings.SettingsError for what the user can repair, ProgramError for what we have to.
    """
    file = stackfile.read(ROOT, request.stacks, request.stack)
    inputs = _inputs(file, request)
    with secret_sources.traced():
        recording = record(
            program or _program(),
            project=file.project,
            stack=file.stack,
            config=inputs.config,
            secret_keys=inputs.secret_keys,
            root=str(ROOT),
        )
    plan = Plan(
        project=file.project,
        stack=file.stack,
        resources=recording.resources,
        outputs=recording.outputs,
        warnings=recording.warnings,
        missing_secrets=inputs.missing,
        placeholders=inputs.placeholders,
    )
    return Planned(plan, inputs.commands, _verb(file))


def _program() -> Program:
    """Imported only here: it brings the cloud's SDK, which a wrong setting need not wait for."""
    return importlib.import_module("infra.program").run


def _inputs(file: StackFile, request: Request) -> _Inputs:
    entries = what_if.apply(file.entries, file.project, request.config)
    entries, placeholders = stackfile.owner_values(entries)
    given = dict(what_if.secret(key, text) for key, text in request.secrets.items())
    encrypted = {key for key, entry in entries.items() if entry.secure}
    config = {key: entry.text for key, entry in entries.items()}
    asked_for, _ = settings.examine(config)  # the program reads the same, and tells what is wrong with it
    stranded = _stranded(file.project, asked_for, {*encrypted, *given})
    missing = [
        secret
        for secret in settings.required_secrets(asked_for)
        if secret.key not in stranded and not _is_set(file.project, secret, {**config, **given}, encrypted)
    ]
    full = {f"{file.project}:{secret.key}": secret.spec for secret in missing}
    known = {key: spec for key in encrypted if (spec := _spec(key)) is not None}
    owners = _owners(file.project, asked_for, encrypted)
    made_up = {key: spec.placeholder(_number(owners.get(key, key))) for key, spec in {**known, **full}.items()}
    return _Inputs(
        config={**config, **made_up, **given},
        secret_keys=frozenset({*encrypted, *made_up, *given}),
        missing=tuple(sorted(full)),
        commands=tuple(_command(file, key, full[key].multiline) for key in sorted(full)),
        placeholders=placeholders,
    )


def _owners(project: str, asked_for: settings.Settings, encrypted: set[str]) -> dict[str, str]:
    """The key with its release's name, of each that serves a release without it."""
    named = {
        f"{project}:{secret.key}": f"{project}:{secret.release}.{secret.spec.name}"
        for secret in settings.required_secrets(asked_for)
        if secret.release is not None
    }
    return {key: own for key, own in named.items() if own not in encrypted}


def _number(key: str) -> int:
    """The same for a secret in every plan, whatever other secrets there are: a database's login follows from it."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 10**15


def _stranded(project: str, asked_for: settings.Settings, held: set[str]) -> set[str]:
    """What no placeholder may stand for: `make secrets` has yet to move another key there, and the program refuses."""
    keys = {key.partition(":")[2] for key in held if key.startswith(f"{project}:")}
    return {secret.key for lacking in settings.nameless(asked_for, keys).values() for secret in lacking}


def _is_set(project: str, secret: SecretKey, config: Mapping[str, str], encrypted: set[str]) -> bool:
    """Whether the stack holds it, encrypted or (which the settings refuse) in the clear; a release's own key counts."""
    keys = {f"{project}:{secret.key}", f"{project}:{secret.release}.{secret.spec.name}"}
    return bool(keys & encrypted) or any(config.get(key) for key in keys)


def _spec(key: str) -> SecretSpec | None:
    name = key.partition(":")[2]
    return settings.SECRETS[name.rpartition(".")[2]] if settings.is_secret_key(name) else None


def _verb(file: StackFile) -> str:
    verb = f"make secrets STACK={file.stack}"
    return f"{verb} STACKS={shlex.quote(str(file.path.parent))}" if _elsewhere(file) else verb


def _elsewhere(file: StackFile) -> bool:
    return file.path.parent.resolve() != ROOT


def _command(file: StackFile, key: str, multiline: bool) -> str:
    """What sets this one secret; the CLI asks for a short one and takes one of several lines from a file."""
    command = f"pulumi config set --secret {key} --stack {file.stack}"
    if _elsewhere(file):
        command += f" --config-file {shlex.quote(str(file.path))}"
    return f"{command} < FILE" if multiline else command
