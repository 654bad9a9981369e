"""What changes between two plans of a stack: created, deleted, replaced and changed resources.

Both plans are of a first `up`, so that unknown values and secrets compare as equal: what hides behind them is not seen.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infra.names import NAMES_EXPORT, renaming
from infra.preview import create_only
from infra.preview.anew import NONE, SetAnew
from infra.preview.change import KINDS, Change
from infra.preview.consequences import following
from infra.preview.errors import InputError
from infra.preview.model import STACK_TYPE, Plan, Resource
from infra.preview.paths import Edit, edits, kept, steps


@dataclass(frozen=True)
class Diff:
    """All changes between two plans; data holders that are lost come first."""

    before: Plan
    after: Plan
    changes: tuple[Change, ...]
    anew: SetAnew = NONE

    def __bool__(self) -> bool:
        return bool(self.changes or self.outputs or self.secrets or self.warnings or self.anew.keys)

    def following(self, key: str) -> tuple[Change, ...]:
        """What is replaced or changed because this secret (with namespace) is set anew."""
        there = {change.resource.urn for change in self.changes if change.kind != "created"}
        direct = [change for one in self.after if one.urn in there and (change := _set_anew(one, (key,)))]
        return tuple(change for change in following(direct, self.after) if change.resource.urn in there)

    def of_kind(self, kind: str) -> tuple[Change, ...]:
        """Changes of one of KINDS."""
        return tuple(change for change in self.changes if change.kind == kind)

    @property
    def outputs(self) -> tuple[Edit, ...]:
        """What differs in the exports."""
        return tuple(edits(self.before.outputs, self.after.outputs))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Keys of secrets that somebody has to set before the next `up`, and had not before."""
        return tuple(key for key in self.after.missing_secrets if key not in self.before.missing_secrets)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings that are new."""
        return tuple(text for text in self.after.warnings if text not in self.before.warnings)

    def as_json(self) -> dict[str, Any]:
        """The one object of `--diff --json`."""
        return {
            "project": self.after.project,
            "stack": self.after.stack,
            **{kind: [change.as_json() for change in self.of_kind(kind)] for kind in KINDS},
            "outputs": [{"path": edit.path, "before": edit.before, "after": edit.after} for edit in self.outputs],
            "missingSecrets": list(self.secrets),
            "secretsSetAnew": list(self.anew.keys),
            "secretsNotLookedAt": self.anew.unlooked,
            "warnings": list(self.warnings),
        }


def load(path: Path) -> Plan:
    """An earlier plan, as `--json` wrote it. Raises InputError."""
    try:
        return Plan.from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"--diff {path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(step) for step in found["loc"]) or "the whole"
        raise InputError(f"--diff {path}: is no plan that --json wrote: {where}: {found['msg']}") from error
    except ValueError as error:
        raise InputError(f"--diff {path}: is no plan that --json wrote: {error}") from error


def compare(before: Plan, after: Plan, anew: SetAnew = NONE) -> Diff:
    """What an `up` of `after` would do to a stack that `before` describes, with the secrets in `anew` changed too.

    Raises InputError where it must not.
    """
    if (before.project, before.stack) != (after.project, after.stack):
        raise InputError(
            f"--diff: that plan is of {before.project}/{before.stack}, this one of {after.project}/{after.stack}"
        )
    if why := renaming(before.outputs.get(NAMES_EXPORT), after.outputs.get(NAMES_EXPORT)):
        raise InputError(why)
    old = {resource.urn: resource for resource in before if resource.type != STACK_TYPE}
    changes: list[Change] = []
    for resource in after:
        if resource.type == STACK_TYPE:
            continue
        match = next((urn for urn in (resource.urn, *_aliases(resource)) if urn in old), None)
        if match is None:
            changes.append(Change("created", resource))
        elif change := _both(_change(old.pop(match), resource), _set_anew(resource, anew.keys)):
            changes.append(change)
    changes += [Change("deleted", resource) for resource in old.values()]
    return Diff(before, after, tuple(sorted(following(changes, after), key=_order)), anew)


def _both(change: Change | None, set_anew: Change | None) -> Change | None:
    if change is None or set_anew is None:
        return change or set_anew
    kind = "replaced" if "replaced" in (change.kind, set_anew.kind) else "changed"
    return Change(kind, change.resource, change.edits, set_anew.because)


def _set_anew(resource: Resource, keys: tuple[str, ...]) -> Change | None:
    """What becomes of a resource that takes one of these secrets (keys with namespace)."""
    wanted = {key.partition(":")[2]: key for key in keys}
    found = {path: [wanted[key] for key in by if key in wanted] for path, by in resource.by_secret.items()}
    taking = {path: taken for path, taken in found.items() if taken and path not in resource.options.ignore_changes}
    if not taking:
        return None
    rules, options = create_only.rules(resource.type), resource.options
    replaces = any(rules.replaces(path) or _covered(path, options.replace_on_changes) for path in taking)
    names = ", ".join(sorted({key for taken in taking.values() for key in taken}))
    return Change("replaced" if replaces else "changed", resource, (), f"{names} is set anew")


def _order(change: Change) -> tuple[int, bool, bool, str]:
    return KINDS.index(change.kind), not change.loses_data, not change.protected, change.resource.urn


def _change(before: Resource, after: Resource) -> Change | None:
    rules, options = create_only.rules(after.type), after.options
    inputs = after.inputs
    for ignored in options.ignore_changes:
        inputs = kept(before.inputs, inputs, steps(ignored))
    found = [
        replace(
            edit,
            replaces=rules.replaces(edit.path) or _covered(edit.path, options.replace_on_changes),
            refused=rules.refuses(edit.path),
        )
        for edit in edits(before.inputs, inputs)
    ]
    if before.provider != after.provider:
        found.append(Edit("provider", before.provider, after.provider))
    found += [
        replace(edit, path=f"options.{edit.path}")
        for edit in edits(before.options.as_json(), after.options.as_json())
        if not edit.path.startswith("aliases")
    ]
    if not found:
        return None
    return Change("replaced" if any(edit.replaces for edit in found) else "changed", after, tuple(found))


def _covered(path: str, by: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in by)


def _aliases(resource: Resource) -> Iterator[str]:
    """URNs that the resource had before, from its `aliases` option."""
    head, chain, name = resource.urn.rsplit("::", 2)
    parents, _, token = chain.rpartition("$")
    for alias in resource.options.aliases:
        if isinstance(alias, str):
            yield alias
            continue
        if "parentUrn" in alias:
            above = alias["parentUrn"].split("::")[2]
            parents = "" if above == STACK_TYPE else above
        elif alias.get("noParent"):
            parents = ""
        old_type = alias.get("type") or token
        yield f"{head}::{parents + '$' if parents else ''}{old_type}::{alias.get('name') or name}"
