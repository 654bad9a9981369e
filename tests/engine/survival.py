"""What can go wrong in the life of a stack, and the recovery that docs/operations.md tells, followed to the letter.

Each scenario ends with the stack as the program wants it, or gone, and returns what was seen in a few words.
"""

import re
from collections import Counter

from infra.preview import create_only
from tests.engine import stacks
from tests.engine.engine import Said, Stack
from tests.engine.leaks import leaks
from tests.engine.providers import wire
from tests.engine.providers.aws import PROTECTION
from tests.engine.providers.faults import Fault, Kind
from tests.engine.providers.world import Spreading, Thing

MOST_ROUNDS = 60
SPREADING = {
    "aws:iam/role:Role": Spreading(
        3, "InvalidParameterException: The role cannot be assumed", r"[:$]aws:(ec2/flowLog|eks/|rds/)"
    ),
    "azure-native:managedidentity:UserAssignedIdentity": Spreading(
        3, "PrincipalNotFound: Principal does not exist in the directory", r"[:$]azure-native:authorization:"
    ),
}
"""What clouds know only after a while, and in which words they say so."""
LIMITED = ("aws:ec2/eip:Eip", "azure-native:network:PublicIPAddress", "kubernetes:core/v1:PersistentVolumeClaim")
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
    plan = stacks.plan(stack)
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


def taken_up(stack: Stack) -> str:
    """The engine is killed at each creation of what holds data, and `make adopt` takes it up by its id."""
    clouds = stack.checkout.clouds
    plan = stacks.plan(stack)
    holders = [one.urn for one in plan if one.custom and create_only.rules(one.type).holds_data]
    imported = 0
    while stack.killed(fault := clouds.order(Fault("hang", urn=_any_of(holders))), "up"):
        clouds.mend()
        assert recover(stack) >= 1
        known = {one["urn"] for one in stack.resources()}
        assert fault.met[0] in known
        holders = [urn for urn in holders if urn not in known]
        imported += 1
    clouds.mend()
    assert holders == []
    stack.up()
    settled(stack)
    return f"{imported} taken up, none made twice"


def spread_late(stack: Stack) -> str:
    """A new role or identity is not found at first by what refers to it; `up` waits and ends well by itself."""
    world = stack.checkout.clouds.world
    world.spreading = dict(SPREADING)
    stack.up()
    refused = world.done("refused")
    slow = {token for token in SPREADING if any(world.of_token(token))}
    assert len({event.why for event in refused}) == len(slow)
    settled(stack)
    return f"{len(refused)} refused, one run of `up`" if refused else "has none of them"


def over_quota(stack: Stack) -> str:
    """A quota is used up; once it is raised, `up` goes on from there."""
    world = stack.checkout.clouds.world
    plan = stacks.plan(stack)
    token = next(token for token in LIMITED if plan.of_type(token))
    world.quotas[token] = 0
    said = stack.up(ok=False)
    assert said.code
    assert f"LimitExceeded: the quota of {token}" in said.text
    world.quotas.clear()
    stack.up()
    settled(stack)
    return f"none of {token.rpartition(':')[2]} was allowed, then all"


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


def _any_of(urns: list[str]) -> str:
    return "|".join(f"^{re.escape(urn)}$" for urn in urns) or "nothing"


SCENARIOS = (
    refused,
    over_quota,
    spread_late,
    killed,
    taken_up,
    crashed,
    late,
    partial,
    two_at_once,
    interrupted_destroy,
)
