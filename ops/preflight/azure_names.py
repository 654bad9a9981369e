"""The names that a stack gives on Azure: free, or the stack's own from an earlier `up`.

Azure's own check counts a name that a deleted thing still holds as taken.
"""

from collections.abc import Iterator
from functools import partial

from infra.cloud.azure.stack import SERVER, Place
from ops.preflight.answer import Answer, answer
from ops.preflight.azure_client import Arm, Question

#: Type → version of its API.
VERSIONS = {
    "Microsoft.Storage/storageAccounts": "2024-01-01",
    "Microsoft.ContainerRegistry/registries": "2023-07-01",
    SERVER: "2024-08-01",
}
PREFIX = "set airflow:prefix, which begins every name"


def names_taken(place: Place, arm: Arm) -> Iterator[Question]:
    """A question for each name that is unique in the world, and for the resource group."""
    yield "resource group", partial(_group, place, arm)
    accounts = [place.files_account_name, *(place.logs_account_name(one.name) for one in place.settings.releases)]
    names = [("Microsoft.Storage/storageAccounts", name) for name in accounts]
    if place.cloud.registry is None:
        names.append(("Microsoft.ContainerRegistry/registries", place.registry_name))
    names.append((SERVER, place.database_name))
    for kind, name in names:
        yield f"name {name}", partial(_free_or_own, place, arm, kind, name)


def _group(place: Place, arm: Arm) -> Iterator[Answer]:
    path = f"/subscriptions/{place.cloud.subscription}/resourceGroups/{place.group_name}"
    there = arm.find(path, "2021-04-01")
    good = there is None or _own(place, there.get("tags"))
    found = "free" if there is None else "made by this stack" if good else "taken by something else"
    yield answer(f"resource group {place.group_name}", good, found, f"{PREFIX}, or remove what is there")


def _free_or_own(place: Place, arm: Arm, kind: str, name: str) -> Iterator[Answer]:
    what, version = f"{kind.rpartition('/')[2]} {name}", VERSIONS[kind]
    own = arm.find(place.resource_id(kind, name), version)
    if own is not None:
        yield answer(what, _own(place, own.get("tags")), "made by this stack", f"{PREFIX}, or remove what is there")
        return
    path = f"/subscriptions/{place.cloud.subscription}/providers/{kind.partition('/')[0]}/checkNameAvailability"
    given = arm.post(path, version, {"name": name, "type": kind})
    found = "free" if given["nameAvailable"] else f"taken: {given.get('message') or given.get('reason')}"
    yield answer(what, given["nameAvailable"], found, PREFIX)


def _own(place: Place, tags: dict[str, str] | None) -> bool:
    return all((tags or {}).get(key) == place.tags[key] for key in ("project", "stack"))
