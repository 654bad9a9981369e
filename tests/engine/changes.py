"""What changes on a running stack, one after another on the same one: the table of docs/changes.md."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra import settings
from infra.preview import anew, create_only, diff
from infra.preview.diff import Diff
from infra.preview.errors import InputError
from infra.preview.model import PROVIDER_PREFIX, Plan
from tests.engine import parity, stacks
from tests.engine.engine import Said, Stack
from tests.engine.leaks import leaks
from tests.engine.providers import wire
from tests.engine.providers.world import Event
from tests.unit.fakes import Programs

Shipped = tuple[str, str]
UNASKED = ("--yes", "--skip-preview", "--non-interactive")


@dataclass(frozen=True)
class Change:
    """One row. `put` maps paths of the stack file to values, where None takes a key away; `anew` are secrets that get
    another value; `verb` is what `make` is told in place of `pulumi up`. `loses` are the types of what holds data and
    goes; `refused` are words of the refusal.
    """

    name: str
    stack: Shipped
    put: Mapping[str, Any] = field(default_factory=dict[str, Any])
    anew: tuple[str, ...] = ()
    verb: tuple[str, ...] = ()
    loses: frozenset[str] = frozenset()
    refused: str = ""


@dataclass(frozen=True)
class Seen:
    """What the plan's difference says, what the engine's preview says and what `up` did: kinds by URN.

    `old_first` were deleted before their successors were made.
    """

    difference: Diff
    previewed: Mapping[str, str] | None
    did: Mapping[str, str]
    old_first: frozenset[str]
    again: Said
    leaks: list[str]

    @property
    def planned(self) -> dict[str, str]:
        return {change.resource.urn: change.kind for change in self.difference.changes}

    @property
    def lost(self) -> set[str]:
        """URNs of what held data and is gone."""
        gone = {urn for urn, kind in self.did.items() if kind in ("replaced", "deleted")}
        return {urn for urn in gone if create_only.rules(wire.token(urn)).holds_data}


@dataclass
class Running:
    """A stack that stands, and the plan of it."""

    stack: Stack
    plan: Plan

    @classmethod
    def begin(cls, stack: Stack) -> "Running":
        _bring_programs(stack)
        stack.up()
        return cls(stack, stacks.plan(stack))

    def make(self, change: Change) -> Seen:
        """Change it. Where that fails it is put back first, so that the next change finds it well."""
        folder = self.stack.checkout.folder / "before"
        folder.mkdir(exist_ok=True)
        before = Path(shutil.copy(self.stack.file, folder))
        try:
            return self._make(change, folder)
        except BaseException:
            shutil.copy(before, self.stack.file)
            self.stack.up(ok=False)
            raise

    def refuse(self, change: Change) -> tuple[str, Said]:
        """A change that is refused: what the plan's difference says, and what `up` does."""
        before = self.stack.file.read_text()
        stacks.put(self.stack, change.put)
        try:
            diff.compare(self.plan, stacks.plan(self.stack))
            said = ""
        except InputError as error:
            said = str(error)
        try:
            return said, self.stack.up(ok=False)
        finally:
            self.stack.file.write_text(before)

    def _make(self, change: Change, folder: Path) -> Seen:
        stack, world = self.stack, self.stack.checkout.clouds.world
        previewed, mark = None, len(world.events)
        if change.verb:
            stack.checkout.run("make", change.verb[0], f"STACK={stack.name}", *change.verb[1:])
            plan = stacks.plan(stack)
        else:
            stacks.put(stack, change.put)
            plan = _with_its_secrets(stack) if change.put else self.plan
            stack.set_secrets({key: settings.SECRETS[key].placeholder(world.number()) for key in change.anew})
            previewed = parity.kinds(stack.preview())
            stack.up()
        did, old_first = _done(world.events[mark:])
        # as `make plan-diff` says it: of the two stack files, by the same program
        project = stack.checkout.project
        difference = diff.compare(self.plan, plan, anew.between(folder, project, project, stack.name))
        self.plan = plan
        return Seen(difference, previewed, did, old_first, stack.unchanged(), leaks(stack))


def _with_its_secrets(stack: Stack) -> Plan:
    """By `make secrets`, where a key has to move to its release's name; then what is a person's own."""
    try:
        return stacks.set_missing_secrets(stack)
    except settings.SettingsError:
        stack.checkout.run("make", "secrets", f"STACK={stack.name}")
        return stacks.set_missing_secrets(stack)


def _done(events: list[Event]) -> tuple[dict[str, str], frozenset[str]]:
    """Kinds by URN, and what was deleted before its successor was made."""
    order = [(event.did, event.urn) for event in events]
    created, deleted, updated = ({urn for did, urn in order if did == one} for one in ("create", "delete", "update"))
    kinds = {
        **dict.fromkeys(updated, "changed"),
        **dict.fromkeys(created, "created"),
        **dict.fromkeys(deleted, "deleted"),
        **dict.fromkeys(created & deleted, "replaced"),
    }
    first = {urn for urn in created & deleted if order.index(("delete", urn)) < order.index(("create", urn))}
    return kinds, frozenset(first)


def acted_on(kinds: Mapping[str, str]) -> dict[str, str]:
    """Without components and providers, which no cloud hears of."""
    tokens = {urn: wire.token(urn) for urn in kinds}
    return {
        urn: kind
        for urn, kind in kinds.items()
        if not tokens[urn].startswith((PROVIDER_PREFIX, "airflow:")) and tokens[urn] != "pulumi:pulumi:Stack"
    }


def _bring_programs(stack: Stack) -> None:
    """Programs that verbs ask for: a cluster whose Jobs all succeed, and clouds that take a snapshot."""
    programs = Programs(stack.checkout.folder / "programs")
    programs.add("kubectl", "aws", "az", "kubelogin")
    ended = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    pod = {"metadata": {"name": "pod", "creationTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Succeeded"}}
    job = {"metadata": {"name": "job"}, "spec": {"template": {"spec": {"containers": [{"name": "main"}]}}}}
    programs.answer(
        ("--dry-run=client", {"out": json.dumps(job)}),
        (" get job ", {"out": json.dumps(ended)}),
        (" get pods ", {"out": json.dumps({"items": [pod]})}),
        (" get ", {"out": json.dumps({"items": []})}),
    )


def row(change: Change, seen: Seen | None) -> list[str]:
    """The change's cells: replaced, deleted, changed, created, whose old one goes first, data."""
    if seen is None:
        return ["refused, with the way to do it"] + ["–"] * 4 + ["kept"]
    kinds = {urn: kind for urn, kind in acted_on(seen.planned).items() if seen.did.get(urn) == kind}
    of = {one: sorted(urn for urn, kind in kinds.items() if kind == one) for one in diff.KINDS}
    gone = sorted(seen.lost)
    return [
        _told(of["replaced"]),
        _told(of["deleted"]),
        str(len(of["changed"]) or "–"),
        str(len(of["created"]) or "–"),
        _told(sorted(seen.old_first)),
        f"**goes**: {_told(gone)}" if gone else "kept",
    ]


MOST_NAMES = 4


def _told(urns: list[str]) -> str:
    """`Secret main-fernet, Job main-sync`; where there are many, how many of each type."""
    named = [(wire.token(urn).rpartition(":")[2], wire.name(urn)) for urn in urns]
    if len(named) <= MOST_NAMES:
        return ", ".join(f"{kind} {name}" for kind, name in named) or "–"
    kinds = [kind for kind, _ in named]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds)))
