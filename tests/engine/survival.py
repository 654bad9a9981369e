"""What can go wrong in the life of a stack, and the recovery that docs/operations.md tells, followed to the letter.

Each scenario ends with the stack as the program wants it, or gone, and returns what was seen in a few words.
"""

from collections import Counter

from infra.preview import create_only, planning
from tests.engine.engine import Said, Stack
from tests.engine.leaks import leaks
from tests.engine.providers import wire
from tests.engine.providers.aws import PROTECTION
from tests.engine.providers.faults import Fault, Kind
from tests.engine.providers.world import Thing

MOST_ROUNDS = 60
LOCKED = "the stack is currently locked by"


def refused(stack: Stack) -> str:
    """Every creation is refused once; `up` is repeated until it ends well."""
    fault = stack.checkout.clouds.order(Fault("refuse", each=True))
    rounds = 1
    while stack.up("--continue-on-error", ok=False).code:
        rounds += 1
        assert rounds < MOST_ROUNDS, stack.checkout.said[-1].text[-3000:]
    made = {thing.urn for thing in stack.checkout.clouds.world.standing}
    assert set(fault.met) == made, "each of them was refused once"
    settled(stack)
    return f"{len(made)} refused, {rounds} runs of `up`"


def killed(stack: Stack, every: int = 10) -> str:
    """The engine is killed after each tenth creation, whose answer it has not seen."""
    clouds = stack.checkout.clouds
    kills = imported = 0
    while stack.killed(fault := clouds.order(Fault("hang", skip=every - 1)), "up"):
        assert fault.met
        clouds.mend()
        kills += 1
        assert kills < MOST_ROUNDS
        said = stack.up(ok=False)
        assert said.code
        assert LOCKED in said.text, said.text[-2000:]
        imported += recover(stack)
    clouds.mend()
    stack.up()
    settled(stack)
    return f"{kills} kills, {imported} creations taken up by their ids"


def crashed(stack: Stack) -> str:
    """A provider dies in mid-create: each that the stack makes things by, once."""
    return _unheard(stack, "crash")


def late(stack: Stack) -> str:
    """A creation runs into its time-out after the cloud has made the thing: one by each provider."""
    return _unheard(stack, "late")


def partial(stack: Stack) -> str:
    """Every tenth creation is told to be made, but not ready; `up` is repeated until it ends well."""
    clouds = stack.checkout.clouds
    met = rounds = 0
    while True:
        fault = clouds.order(Fault("partial", skip=9))
        code = stack.up(ok=False).code
        clouds.mend()
        if not fault.met:
            break
        assert code
        met += len(fault.met)
        rounds += 1
        assert rounds < MOST_ROUNDS
    settled(stack)
    return f"{met} half made, {rounds + 1} runs of `up`"


def _unheard(stack: Stack, kind: Kind) -> str:
    """docs/operations.md, "A provider died, or timed out": what the state does not know goes by hand."""
    clouds = stack.checkout.clouds
    plan = planning.make(planning.Request(stack.name, stack.checkout.project)).plan
    packages = {resource.package for resource in plan if resource.custom}
    deleted = 0
    for package in sorted(packages & {"aws", "azure-native", "kubernetes"}):
        fault = clouds.order(Fault(kind, urn=rf"[:$]{package}:", skip=5))
        assert stack.up(ok=False).code
        assert fault.met
        clouds.mend()
        known = {(one["urn"], one.get("id")) for one in stack.resources()}
        for thing in [thing for thing in clouds.world.standing if (thing.urn, thing.id) not in known]:
            clouds.world.standing.remove(thing)
            deleted += 1
    stack.up()
    settled(stack)
    return f"{deleted} unknown to the state, deleted by hand"


def two_at_once(stack: Stack) -> str:
    """A second `up` beside one that has not ended is refused."""
    clouds = stack.checkout.clouds
    fault = clouds.order(Fault("hang", skip=3))
    seen: list[Said] = []
    assert stack.killed(fault, "up", meanwhile=lambda: seen.append(stack.up(ok=False)))
    assert seen[0].code
    assert LOCKED in seen[0].text, seen[0].text[-2000:]
    clouds.mend()
    recover(stack)
    stack.up()
    settled(stack)
    return "the second is refused"


def interrupted_destroy(stack: Stack, every: int = 20) -> str:
    """`destroy` is killed after each twentieth deletion, and started again."""
    clouds = stack.checkout.clouds
    stack.up()
    stack.unprotect()
    _unlock(stack)
    kills = 0
    while stack.killed(fault := clouds.order(Fault("hang", operation="delete", skip=every - 1)), "destroy"):
        assert fault.met
        clouds.mend()
        kills += 1
        assert kills < MOST_ROUNDS
        stack.cli("cancel", "--yes")
    clouds.mend()
    stack.destroy()
    assert [thing.urn for thing in clouds.world.standing] == []
    assert [one["urn"] for one in stack.resources() if one["type"] != "pulumi:pulumi:Stack"] == []
    return f"{kills} kills, nothing left"


def recover(stack: Stack) -> int:
    """docs/operations.md, "Killed, or the machine died", steps 1 and 2; returns how many creations were taken up."""
    stack.cli("cancel", "--yes")
    pending = [one for one in stack.export().get("pending_operations") or () if one["type"] == "creating"]
    made = [_unknown_to_the_state(stack, one["resource"]["urn"]) for one in pending if one["resource"]["custom"]]
    typed = "".join(f"{thing.id if thing else ''}\n" for thing in made)
    options = ("--yes", "--skip-preview", "--non-interactive")
    stack.checkout.run("make", "adopt", f"STACK={stack.name}", f"ARGS={' '.join(options)}", given=typed)
    return len([thing for thing in made if thing])


def _unknown_to_the_state(stack: Stack, urn: str) -> Thing | None:
    """What a person finds in the cloud when they look for it."""
    known = {one.get("id") for one in stack.resources() if one["urn"] == urn}
    things = [thing for thing in stack.checkout.clouds.world.standing if thing.urn == urn]
    return next((thing for thing in things if thing.id not in known), None)


def _unlock(stack: Stack) -> None:
    """A person's word that the database and the cluster may go; the clouds' pages tell how it is said."""
    for thing in stack.checkout.clouds.world.standing:
        thing.inputs = {**thing.inputs, PROTECTION: False}


def settled(stack: Stack) -> None:
    """Nothing is there twice, nothing with data was lost, nothing is left to do, and no secret is to be read."""
    world = stack.checkout.clouds.world
    again = stack.unchanged()
    assert again.code == 0, again.text[-3000:]
    assert {urn: count for urn, count in Counter(thing.urn for thing in world.standing).items() if count > 1} == {}
    custom = {one["urn"] for one in stack.resources() if one["custom"] and not one.get("external")}
    custom = {urn for urn in custom if not wire.token(urn).startswith("pulumi:")}
    assert {thing.urn for thing in world.standing} == custom
    assert [event.urn for event in world.done("delete") if create_only.rules(event.token).holds_data] == []
    assert leaks(stack) == []


SCENARIOS = (refused, killed, crashed, late, partial, two_at_once, interrupted_destroy)
