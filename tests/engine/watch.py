"""What is wrong with a change of the program: in the preview of a stack that stands, or in its first `up`."""

from collections.abc import Iterator

from infra.preview import create_only
from tests.engine.engine import Stack
from tests.engine.leaks import leaks
from tests.engine.providers import wire

EXPORTS = {"kubeconfigCommand", "registry", "registryLoginCommand", "releases"}
GONE = {"delete", "delete-replaced", "replace", "create-replacement", "discard"}


def standing(stack: Stack) -> Iterator[str]:
    """Nothing that holds data goes or loses its protection, and no secret is told."""
    before = stack.resources()
    said = stack.cli("preview", "--json", ok=False)
    if said.code:
        yield f"the preview fails: {said.text}"
        return
    steps = stack.read(said)["steps"]
    yield from (
        f"holds data, and goes: {step['urn']}" for step in steps if step["op"] in GONE and _holds_data(step["urn"])
    )
    after = {step["urn"]: step["newState"] for step in steps if "newState" in step}
    for one in before:
        if one.get("protect") and one["urn"] in after and not after[one["urn"]].get("protect"):
            yield f"loses its protect: {one['urn']}"
    yield from _told(stack)


def first(stack: Stack) -> Iterator[str]:
    """The first `up` makes what its preview says, exports what people ask for and no secret; a second does nothing."""
    planned = stack.cli("preview", "--json", ok=False)
    if planned.code:
        yield f"the preview fails: {planned.text}"
        return
    said = stack.up(ok=False)
    if said.code:
        yield f"the first up fails: {said.text}"
        return
    foreseen = {step["urn"] for step in stack.read(planned)["steps"]}
    if unforeseen := {thing.urn for thing in stack.checkout.clouds.world.standing} - foreseen:
        yield f"no preview tells of {sorted(unforeseen)}"
    yield from _told(stack)
    if gone := EXPORTS - stack.outputs().keys():
        yield f"exports that are gone: {sorted(gone)}"
    again = stack.unchanged()
    if again.code:
        yield f"a second up has something to do: {again.text}"


def _told(stack: Stack) -> Iterator[str]:
    yield from (f"in plain text: {found}" for found in leaks(stack))


def _holds_data(urn: str) -> bool:
    return create_only.rules(wire.token(urn)).holds_data
