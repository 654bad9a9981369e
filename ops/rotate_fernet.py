"""`rotate-fernet`: a new key in front, everything encrypted anew, the old key dropped. Again after an interruption.

Where a key was changed without it, and nothing can be read any more: the earlier key comes back behind the present one.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from infra.airflow.parts import Parts
from infra.preview.planning import ROOT
from infra.settings import SECRETS
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.job import run_job
from ops.moves import moved
from ops.stack import Rest, Stack, StackOption, StacksOption

KIND = "fernetKey"


def rotate_fernet(
    stack: StackOption,
    rest: Rest = None,
    release: Annotated[str, typer.Option(help="Release.", show_default="the only one")] = "",
    earlier: Annotated[
        str,
        typer.Option(
            metavar="COMMIT|-",
            help="A key that was changed otherwise and is needed to read what is there: the commit whose stack file "
            "holds it, or - for standard input.",
        ),
    ] = "",
    stacks: StacksOption = ROOT,
) -> None:
    """Give a release a new Fernet key. Each step can be repeated: how far it was is seen in the secret."""
    chosen = Stack(stack, stacks)
    one = chosen.release(release)
    key = chosen.secret_key(KIND, release)
    held = chosen.get_secret(key)
    if not held:
        raise OpsError(
            f"{stack} has no {key} yet: `make secrets {chosen.given}` makes one, and there is nothing to rotate"
        )
    keys = held.split(",")
    if earlier:
        keys = _with_earlier(chosen, one.name, keys, earlier)
        chosen.set_secret(key, ",".join(keys))
        say("1/3", "the earlier key behind the present one: what it encrypted can be read again")
    else:
        if len(keys) == 1:
            keys = [_generated(), *keys]
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


def _generated() -> str:
    generate = SECRETS[KIND].generate
    if generate is None:
        raise OpsError("a Fernet key cannot be made here")
    return generate()


def _with_earlier(stack: Stack, release: str, keys: list[str], earlier: str) -> list[str]:
    """The present keys and, behind them, those that were before. No message holds one."""
    if earlier == "-":
        where, held = "standard input", sys.stdin.read().strip()
    else:
        where, held = f"{stack.file.path.name} at {earlier}", _of_commit(stack, release, earlier)
    if not held:
        raise OpsError(f"EARLIER={earlier}: {where} holds no Fernet key of {release}")
    if broken := SECRETS[KIND].check(held):
        raise OpsError(f"EARLIER={earlier}: what {where} holds is no Fernet key: {broken}")
    behind = [one for one in held.split(",") if one not in keys]
    if not behind:
        raise OpsError(f"EARLIER={earlier}: {where} holds no other key than the present one: name a commit before it")
    return [*keys, *behind]


def _of_commit(stack: Stack, release: str, commit: str) -> str:
    """The key that the stack file held at a commit, under the release's name or before it had one there."""
    path = stack.file.path.resolve()
    command = ["git", "show", "--end-of-options", f"{commit}:./{path.name}"]
    shown = subprocess.run(command, cwd=path.parent, capture_output=True, check=False)
    if shown.returncode:
        raise OpsError(f"EARLIER={commit}: {shown.stderr.decode(errors='replace').strip()}")
    with tempfile.TemporaryDirectory(prefix="airflow-earlier-") as folder:
        Path(folder, path.name).write_bytes(shown.stdout)
        before = Stack(stack.name, Path(folder))
        key = next((key for key in (f"{release}.{KIND}", KIND) if before.holds(key)), "")
        return before.get_secret(key) if key else ""


def say(step: str, what: str) -> None:
    """Where a verb of several steps is."""
    sys.stdout.write(f"{step} {what}\n")
    sys.stdout.flush()
