"""The story of `make up`: from nothing to a healthy Airflow, and staying with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from types import FrameType
from typing import NoReturn

from rich.console import Console

from local import database, environment, health, ports, prepare, supervisor
from local.first_parse import count, first_parse
from local.instance import banner, locked, port_of, remember_port, stop
from local.orphans import sweep
from local.place import Place
from local.services import AIRFLOW, API_SERVER, POSTGRES, SCHEDULER, SUPERVISOR, Service
from local.steps import StepError, Steps

# only for what hangs, and far above what a busy machine takes: what ends is told of at once
POSTGRES_SECONDS = 120
AIRFLOW_SECONDS = 300
DAGS_SECONDS = 60
POLL_SECONDS = 0.2
WATCH_SECONDS = 2


class Stopped(BaseException):
    """Ctrl-C, a signal, or the end of the process that called us."""


def up(place: Place, port: int, *, attached: bool) -> None:
    """Start everything, or say that it runs; attached, stay until Ctrl-C, a signal or the end of the caller."""
    steps = Steps()
    _on_signals(_stopped)
    caller = os.getppid()
    with ended_by_a_stop(place, steps.console):
        with locked(place):
            running = port_of(place)
            if running:
                steps.console.print(f"already running\n{banner(place, running)}", soft_wrap=True)
                return
            with ended_by_a_failure(place):
                guard = start(place, port, steps, attached=attached)
            took = time.monotonic() - steps.began
            steps.console.print(f"\nready after {took:.1f} s\n{banner(place, port)}", soft_wrap=True)
        if attached:
            steps.console.print("  Ctrl-C    stops everything\n")
            follow(place, steps.console, guard, caller)


def start(place: Place, port: int, steps: Steps, *, attached: bool) -> subprocess.Popen[bytes]:
    """Every step from nothing to healthy; the process that guards the supervisor."""
    with steps.step("settings"):
        ports.claim(port)
        prepare.check_settings(place)
    with steps.step("PostgreSQL") as step:
        left = sweep(place.checkout)
        step.detail = f"(ended {left} processes that a crash had left)" if left else ""
        server = database.choose(place)
        server.prepare()
        place.may_schedule.unlink(missing_ok=True)
        variables = environment.build(place, port)
        guard = supervisor.launch(place, variables, attached=attached)
        remember_port(place, port)
        _wait(place, SUPERVISOR, POSTGRES_SECONDS, lambda: supervisor.states() is not None, guard)
        supervisor.start(POSTGRES)
        _wait(place, POSTGRES, POSTGRES_SECONDS, lambda: health.database_answers(server), guard)
    with steps.step("migration") as step:
        migrated = prepare.migrate(place, variables, step)
    # The first api-server makes the roles that the sync gives to users: then, and only then, one waits for the other.
    early = (SCHEDULER,) if migrated else (API_SERVER, SCHEDULER)
    began, since = time.monotonic(), time.time()
    for service in early:
        supervisor.start(service)
    with steps.step("connections") as step:
        prepare.sync(place, variables, step)
    for service in AIRFLOW:
        if service not in early:  # DAG files and triggers may read what the sync has written
            supervisor.start(service)

    def settle(service: Service) -> None:
        with steps.step(service.name, began):
            _wait(place, service, AIRFLOW_SECONDS, lambda: health.airflow(port)[service.name], guard)

    settle(API_SERVER)
    place.may_schedule.touch()  # not before: a task that finds no api-server fails before it has begun
    counted = count(server, since)
    for service in AIRFLOW:
        if service is not API_SERVER:
            settle(service)
    with steps.step("DAGs", began) as step:
        step.detail = first_parse(place, DAGS_SECONDS, since, counted)
    return guard


def follow(place: Place, console: Console, guard: subprocess.Popen[bytes], caller: int) -> None:
    """Tell of each service that is restarted, until something stops us or, as by `make stop`, the supervisor."""
    before = supervisor.states() or {}
    while guard.poll() is None:
        if os.getppid() != caller:
            raise Stopped("the caller ended")
        states = supervisor.states() or before
        for name, state in states.items():
            if state.pid and name in before and state.pid != before[name].pid:
                told = f"{name} had ended and was started again (make logs SERVICE={name})"
                console.print(f"{time.strftime('%H:%M:%S')} {told}")
        before = states
        time.sleep(WATCH_SECONDS)
    if guard.returncode:
        raise StepError("the supervisor ended", "`make up` starts afresh", place.logs / "guard.log")
    console.print("stopped")


def _wait(
    place: Place, service: Service, seconds: float, ready: Callable[[], bool], guard: subprocess.Popen[bytes]
) -> None:
    """Wait until `ready`; StepError with the service's log where it gives up, its supervisor ends, or time runs out."""
    log, end = place.logs / f"{service.name}.log", time.monotonic() + seconds
    while not ready():
        state = (supervisor.states() or {}).get(service.name)
        if guard.poll() is not None:
            raise StepError("the supervisor ended", "mend that and `make up` again", place.logs / "guard.log")
        if state and state.name == "FATAL":
            raise StepError(f"{service.name} does not stay up", "mend that and `make up` again", log)
        if time.monotonic() > end:
            raise StepError(
                f"{service.name} is not healthy after {seconds:.0f} s", "mend that and `make up` again", log
            )
        time.sleep(POLL_SECONDS)


def _on_signals(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)


def _stopped(number: int, _: FrameType | None) -> NoReturn:
    _on_signals(signal.SIG_IGN)  # here, so that no second one comes in between
    raise Stopped(signal.Signals(number).name)


@contextlib.contextmanager
def ended_by_a_failure(place: Place) -> Generator[None, None, None]:
    """No half-started environment stays behind a failure."""
    try:
        yield
    except Exception:
        stop(place)
        raise


@contextlib.contextmanager
def ended_by_a_stop(place: Place, console: Console) -> Generator[None, None, None]:
    """Ctrl-C and signals end everything, in order; a second one does not interrupt that."""
    try:
        yield
    except Stopped as reason:
        _on_signals(signal.SIG_IGN)
        console.print(f"\n{reason}: stopping …")
        stop(place)
        console.print("stopped")
