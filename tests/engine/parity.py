"""Our plan of a stack against the engine's own first preview of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from infra.preview import wire as planned
from infra.preview.model import PROVIDER_PREFIX, STACK_TYPE, Plan, Resource
from tests.engine.providers import wire
from tests.engine.providers.cloud import MADE_UP
from tests.engine.providers.kubernetes import AUTONAMED

KINDS = {
    "create": "created",
    "update": "changed",
    "replace": "replaced",
    "create-replacement": "replaced",
    "delete-replaced": "replaced",
    "delete": "deleted",
}
"""The engine's steps in the words of a plan's difference."""
Difference = tuple[str, str, Any, Any]
"""URN, what differs, what our plan says, what the engine says."""
MADE_UP_NAMES = ("metadata.name", "name", "identifier", "nodeGroupName", "bucket")
#: What functions of a provider answer is known to the engine and unknown to a plan without an account.
ANSWERED = {
    "aws:eks/addon:Addon": {"addonVersion"},
    "aws:iam/rolePolicy:RolePolicy": {"policy"},
    "aws:route53/record:Record": {"zoneId", "aliases[0].zoneId"},
    "azure-native:authorization:RoleAssignment": {"scope"},
    "azure-native:authorization:RoleDefinition": {"scope"},
    "azure-native:dns:RecordSet": {"zoneName"},
}


def differences(plan: Plan, preview: Mapping[str, Any]) -> Iterator[Difference]:
    """All that our plan and the engine do not say alike, but for what docs/preview.md names."""
    states = {step["urn"]: step["newState"] for step in preview["steps"] if "newState" in step}
    read = {urn: state for urn, state in states.items() if state.get("external")}
    engine = {urn: state for urn, state in states.items() if urn not in read}
    names = dict(_made_up(plan, engine))
    of_clouds = {state["inputs"][key] for state in engine.values() for key in state.get("inputs", {}).get(MADE_UP, ())}
    for urn in sorted(plan.by_urn.keys() ^ engine.keys()):
        yield urn, "there", urn in plan.by_urn, urn in engine
    for urn in sorted(plan.by_urn.keys() & engine.keys()):
        ours, theirs = plan.by_urn[urn], engine[urn]
        for what, one, other in (*_options(ours, theirs, read), *_inputs(_renamed(ours, names), theirs)):
            if one != planned.UNKNOWN or str(other) not in of_clouds:
                yield urn, what, one, other


def kinds(preview: Mapping[str, Any]) -> dict[str, str]:
    """What becomes of each resource, by URN, as the engine previews it; what it reads or leaves is not told."""
    found: dict[str, str] = {}
    for step in preview["steps"]:
        if step["op"] in KINDS and found.get(step["urn"]) != "replaced":
            found[step["urn"]] = KINDS[step["op"]]
    return {urn: kind for urn, kind in found.items() if wire.token(urn) != STACK_TYPE}


def _made_up(plan: Plan, engine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names that a provider makes up are others in each run: ours → the engine's."""
    for urn in plan.by_urn.keys() & engine.keys():
        ours, theirs = plan.by_urn[urn], engine[urn].get("inputs", {})
        if AUTONAMED in (theirs.get("metadata", {}).get("annotations") or {}):
            yield ours.inputs["metadata"]["name"], theirs["metadata"]["name"]


def _renamed(resource: Resource, names: Mapping[str, str]) -> Any:
    def renamed(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [renamed(item) for item in value]
        return names.get(value, value) if isinstance(value, str) else value

    return replace(resource, inputs=renamed(resource.inputs))


def _options(ours: Resource, theirs: Mapping[str, Any], read: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    options = ours.options
    awaited = {*theirs.get("dependencies", ()), theirs.get("deletedWith")} - {None, ""}
    through = {other for urn in awaited for other in (read[urn].get("dependencies", ()) if urn in read else (urn,))}
    pairs = {
        "type": (ours.type, theirs["type"]),
        "custom": (ours.custom, theirs["custom"]),
        "parent": (ours.parent or "", theirs.get("parent", "")),
        "provider": (ours.provider or "", theirs.get("provider", "").rpartition("::")[0]),
        "dependsOn": (sorted(ours.depends_on), sorted(through)),
        "protect": (options.protect, theirs.get("protect", False)),
        "retainOnDelete": (options.retain_on_delete, theirs.get("retainOnDelete", False)),
        "deletedWith": (options.deleted_with or "", theirs.get("deletedWith", "")),
        "customTimeouts": (
            {what: int(text.removesuffix("m")) * 60 for what, text in options.custom_timeouts.items()},
            {what: seconds for what, seconds in theirs.get("customTimeouts", {}).items() if seconds},
        ),
        "replaceOnChanges": (sorted(options.replace_on_changes), sorted(theirs.get("replaceOnChanges", ()))),
        "hooks": (
            {moment.lower(): list(names) for moment, names in options.hooks.items()},
            {moment.lower(): names for moment, names in (theirs.get("resourceHooks") or {}).items()},
        ),
        "ignoreChanges": (list(options.ignore_changes), sorted(theirs.get("ignoreChanges", ()))),
        "secret outputs": (
            sorted(options.additional_secret_outputs),
            sorted(theirs.get("additionalSecretOutputs", ())),
        ),
    }
    yield from ((what, one, other) for what, (one, other) in pairs.items() if one != other)


def _inputs(ours: Resource, theirs: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    if not ours.custom:
        return
    given = _plain(theirs.get("inputs", {}))
    if ours.type.startswith(PROVIDER_PREFIX):
        given = {key: value for key, value in given.items() if key not in ("version", "__internal")}
    for path, one, other in _values(ours.inputs, given, ""):
        answered = one == planned.UNKNOWN and path in ANSWERED.get(ours.type, ())
        if not answered and not _is_made_up(path, one, other):
            yield path, one, other


def _values(ours: Any, theirs: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    marks = {"$secret", "$unknown"}
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping) and not marks & {*ours, *theirs}:
        for key in sorted(ours.keys() | theirs.keys()):
            yield from _values(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _values(one, other, f"{path}[{index}]")
    elif ours != theirs:
        yield path, ours, theirs


def _is_made_up(path: str, ours: Any, theirs: Any) -> bool:
    """A name that nobody gave, and the mark that the provider leaves with it."""
    if path in (f"metadata.annotations.{AUTONAMED}", "metadata.annotations"):
        return ours is None and theirs in ("true", {AUTONAMED: "true"})
    return path in MADE_UP_NAMES and ours is None and isinstance(theirs, str)


def _plain(value: Any) -> Any:
    """The engine's JSON in the words of our plan."""
    if isinstance(value, dict):
        if value.get(wire.SIGNATURE) == wire.SECRET:
            return planned.SECRET
        return {key: _plain(item) for key, item in value.items() if key != MADE_UP}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return (
        {"[secret]": planned.SECRET, wire.UNKNOWN: planned.UNKNOWN}.get(value, value)
        if isinstance(value, str)
        else value
    )
