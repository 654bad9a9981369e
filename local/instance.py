"""One checkout's running environment: is there one, on which port, and how it ends."""

from __future__ import annotations

import contextlib
import fcntl
import time
import xmlrpc.client
from collections.abc import Generator

import httpx

from local import keys, prepare, supervisor
from local.errors import LocalError
from local.orphans import of, sweep
from local.place import Place
from local.services import SUPERVISOR

_POLL_SECONDS = 0.2


@contextlib.contextmanager
def locked(place: Place) -> Generator[None, None, None]:
    """Only one command at a time starts or stops the checkout's environment; the lock ends with the process."""
    place.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (place.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalError("another `make` starts or stops this checkout's Airflow just now: wait for it") from None
        yield


def remember_port(place: Place, port: int) -> None:
    """Note the port for the other verbs."""
    (place.run / "port").write_text(f"{port}\n")


def port_of(place: Place) -> int | None:
    """The port of the running environment; None where none runs."""
    if supervisor.states() is None:
        return None
    return int((place.run / "port").read_text())


def running_port(place: Place) -> int:
    """The port of the running environment; LocalError where none runs."""
    port = port_of(place)
    if port is None:
        raise LocalError("no Airflow runs in this checkout: `make start` (or `make up`) starts it")
    return port


def banner(place: Place, port: int) -> str:
    """Where the UI is, who logs in, and what to do next."""
    password = keys.admin_password_file(place.keys).relative_to(place.checkout)
    return (
        f"  UI        http://localhost:{port}\n"
        f"  user      {prepare.ADMIN}\n"
        f"  password  in {password}\n"
        "  next      make run DAG=taskflow_pipeline · make status · make logs · make stop · make help"
    )


def stop(place: Place) -> int:
    """End everything of the checkout, in order where the supervisor answers; how many processes had to be killed."""
    with contextlib.suppress(httpx.TransportError, xmlrpc.client.Fault):
        supervisor.stop()
        end = time.monotonic() + SUPERVISOR.grace
        while any(of(place.checkout, SUPERVISOR.name)) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
    return sweep(place.checkout)
