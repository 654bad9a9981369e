"""`rotate-fernet`: a new key in front, everything encrypted anew, the old key dropped. Again after an interruption."""

import sys
from typing import Annotated

import typer

from infra.airflow.parts import Parts
from infra.preview.planning import ROOT
from infra.settings import SECRETS
from infra.settings.release import Release
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.job import run_job
from ops.moves import moved
from ops.stack import Rest, Stack, StackOption, StacksOption


def rotate_fernet(
    stack: StackOption,
    rest: Rest = None,
    release: Annotated[str, typer.Option(help="Release.", show_default="the only one")] = "",
    stacks: StacksOption = ROOT,
) -> None:
    """Give a release a new Fernet key. Each step can be repeated: how far it was is seen in the secret."""
    chosen = Stack(stack, stacks)
    one = release_of(chosen, release)
    own = f"{one.name}.fernetKey"
    key = own if chosen.holds(own) else "fernetKey"
    held = chosen.get_secret(key)
    if not held:
        raise OpsError(
            f"{stack} has no {key} yet: `make secrets {chosen.given}` makes one, and there is nothing to rotate"
        )
    keys = held.split(",")
    if len(keys) == 1:
        generate = SECRETS["fernetKey"].generate
        if generate is None:
            raise OpsError("a Fernet key cannot be made here")
        keys = [generate(), *keys]
        chosen.set_secret(key, ",".join(keys))
    say("1/3", "the new key in front: what is written from now on is encrypted with it")
    with moved(chosen) as copy:
        copy.on_terminal("up", *(rest or ()))
    say("2/3", "everything that is there is encrypted anew")
    with cluster_of(chosen) as cluster:
        code = run_job(cluster, one.in_namespace, Parts(one).of("rotate-fernet"), {})
    if code:
        raise OpsError("the Job failed, and both keys stay: mend what its log says, then run this again")
    chosen.set_secret(key, keys[0])
    say("3/3", "the old key is dropped")
    with moved(chosen) as copy:
        copy.on_terminal("up", *(rest or ()))


def release_of(stack: Stack, name: str) -> Release:
    """The release of that name, or the only one. Raises OpsError with the names that there are."""
    releases = stack.settings.releases
    found = [one for one in releases if one.name == name] if name else list(releases)
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in releases) or "none"
    raise OpsError(f"which release? RELEASE=… is one of: {names}")


def say(step: str, what: str) -> None:
    """Where a verb of several steps is."""
    sys.stdout.write(f"{step} {what}\n")
    sys.stdout.flush()
