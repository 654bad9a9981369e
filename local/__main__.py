"""The verbs of the local environment; the Makefile calls them in the checkout: `python -m local VERB`."""

from __future__ import annotations

import signal

if __name__ == "__main__":  # a second of loading, in which Ctrl-C is the end and no traceback; main() takes over
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import errno
import os
import sys
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from local import check_dags as checks
from local import environment, instance, ports, prepare, rest, services
from local import status as state
from local.errors import LocalError
from local.place import Place
from local.postgres import PostgresError
from local.run_dag import run_dag
from local.steps import StepError, Steps
from local.up import up as bring_up

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True)
place = Place(Path.cwd().resolve())

Port = Annotated[int, typer.Option(parser=ports.number, metavar="NUMBER", help="the UI's port on this machine")]
Detach = Annotated[bool, typer.Option("--detach", help="return once it is healthy; it goes on in the background")]
Name = Annotated[str, typer.Option(metavar="NAME", help="one service; without it, all")]
Lines = Annotated[int, typer.Option(help="how many of the last lines of each")]
Follow = Annotated[bool, typer.Option(help="go on with what is written from now on")]
Conf = Annotated[str, typer.Option(metavar="JSON", help="the run's parameters, as in '{\"orders\": 10}'")]
Limit = Annotated[float, typer.Option(metavar="SECONDS", help="wait so long at most; the run itself goes on")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask")]


@app.command()
def up(port: Port = 1234, detach: Detach = False) -> None:
    """Start Airflow and wait until it is healthy; in the foreground, or detached."""
    bring_up(place, port, attached=not detach)


@app.command()
def stop() -> None:
    """Stop everything; no process stays."""
    with instance.locked(place):
        was = instance.port_of(place)
        killed = instance.stop(place)
    note = f" ({killed} processes had to be killed)" if killed else ""
    console.print(f"stopped{note}" if was or killed else "nothing runs here")


@app.command()
def status() -> None:
    """Say what runs; exit code 1 where something is not healthy."""
    raise typer.Exit(state.show(place, console))


@app.command()
def logs(service: Name = "", lines: Lines = 100, follow: Follow = True) -> None:
    """Show the services' logs, or one's, and follow them."""
    names = [one.name for one in services.SUPERVISED]
    if service and service not in names:
        raise LocalError(f"SERVICE={service}: there is none of that name; take one of {', '.join(names)}")
    files = [str(place.logs / f"{name}.log") for name in ([service] if service else names)]
    known = [file for file in files if Path(file).exists()]
    if not known:
        raise LocalError("no logs yet: `make up` first")
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *known])  # noqa: S606


@app.command()
def shell(command: Annotated[list[str] | None, typer.Argument(help="run this instead of a shell")] = None) -> None:
    """Open a shell in Airflow's environment, or run one command in it."""
    variables = environment.build(place, instance.running_port(place))
    words = command or [os.environ.get("SHELL", "/bin/sh")]
    os.execvpe(words[0], words, variables)  # noqa: S606


@app.command()
def sync() -> None:
    """Make the running Airflow's connections, variables, pools and users match settings/local/secret.yaml."""
    port = instance.running_port(place)
    prepare.check_settings(place)
    with Steps().step("settings") as step:
        prepare.sync(place, environment.build(place, port), step)


@app.command()
def check_dags() -> None:
    """Import every DAG, say how long each takes, and run flake8; needs nothing that runs."""
    raise typer.Exit(checks.check(place, console))


@app.command()
def run(dag: str, conf: Conf = "{}", timeout: Limit = 1800) -> None:
    """Run a DAG, follow it, print its tasks' logs; exit code 1 where it fails."""
    with rest.client(place, instance.running_port(place)) as api:
        raise typer.Exit(run_dag(api, console, dag, conf, timeout))


@app.command()
def clean(yes: Yes = False) -> None:
    """Stop everything and remove .airflow with its database, logs and keys."""
    if not yes and not _agreed(f"Remove {place.root} with its database, logs and passwords?"):
        raise LocalError("nothing was removed; `make clean YES=1` does not ask")
    with instance.locked(place):
        instance.stop(place)
    console.print(f"removing {place.root}")  # before: what prints lies in there, too
    place.remove()


def _agreed(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:  # Ctrl-C, or nobody there to ask
        console.print()
        return False


def main() -> int:
    """Run a verb; what a user can cause or cure is one message and no traceback."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except LocalError as wrong:
        return _say(str(wrong), 2)
    except StepError as failed:
        return _say(failed.report(), 1)
    except PostgresError as failed:
        return _say(str(failed), 1)
    except httpx.HTTPError as unheard:
        return _say(f"Airflow's API does not answer as it should ({unheard}): see `make status`, `make logs`", 1)
    except PermissionError as denied:
        return _say(f"{denied.filename}: an earlier run belonged to another user; run as that one", 2)
    except OSError as failed:
        if failed.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            raise
        return _say(f"{failed.filename or place.root}: {failed.strerror}", 1)
    except KeyboardInterrupt:
        return 130
    return 0


def _say(message: str, code: int) -> int:
    Console(stderr=True, highlight=False, soft_wrap=True, markup=False).print(message)
    return code


if __name__ == "__main__":
    sys.exit(main())
