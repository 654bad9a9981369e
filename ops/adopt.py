"""`adopt`: what a killed run had made, and could not write down any more, becomes the stack's own.

The state keeps each creation that was under way. `pulumi refresh` offers to import them, and drops those that it is to
import instead (seen with 3.260): the next run would make them a second time. So the state is mended here, with the id
that a person has looked up, and the refresh then reads the rest from the cloud.
"""

import json
import sys
from typing import Any

import typer

from infra.preview.planning import ROOT
from ops.stack import Rest, Stack, StackOption, StacksOption


def adopt(stack: StackOption, rest: Rest = None, stacks: StacksOption = ROOT) -> None:
    """Ask of each creation that a killed run left pending whether it was made, then refresh."""
    chosen = Stack(stack, stacks)
    state = json.loads(chosen.capture("stack", "export"))
    deployment: dict[str, Any] = state["deployment"]
    operations: list[dict[str, Any]] = deployment.get("pending_operations") or []
    pending = [operation for operation in operations if operation["type"] == "creating"]
    if not pending:
        sys.stdout.write(f"no creation of {stack} is pending\n")
        return
    for operation in pending:
        resource: dict[str, Any] = operation["resource"]
        if resource["custom"] and (id_ := _id_of(resource)):
            deployment["resources"].append({**resource, "id": id_})
        operations.remove(operation)
    chosen.capture("stack", "import", given=json.dumps(state))
    chosen.on_terminal("refresh", *(rest or ()))


def _id_of(resource: dict[str, Any]) -> str:
    name = resource["urn"].rpartition("::")[2]
    question = f"{resource['type']} {name}: its id in the cloud (empty: it was not made)"
    return str(typer.prompt(question, default="", show_default=False)).strip()
