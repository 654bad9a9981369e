"""supervisord: its configuration, and what we ask of it over its unix socket.

It restarts what ends, later each time while it does not come up, and rotates one log for each service. Why it and not
another: docs/adr/0010-process-supervisor.md.
"""

from __future__ import annotations

import os
import subprocess
import xmlrpc.client
from dataclasses import dataclass
from typing import Any, cast

import httpx

from local.orphans import CHECKOUT
from local.place import Place
from local.services import AIRFLOW, POSTGRES, SUPERVISED, SUPERVISOR, Service

# Airflow may take half a minute to import before it fails: what ends within `startsecs` waits longer each time.
# Everything is relative to the checkout, supervisord's working directory: a socket's path is short for it wherever the
# checkout lies, and no character of the checkout's path needs quoting.
_SOCKET = ".airflow/run/supervisor.sock"
_MAIN = f"""\
[unix_http_server]
file={_SOCKET}
chmod=0700

[supervisord]
logfile=.airflow/logs/supervisor.log
logfile_maxbytes=5MB
logfile_backups=2
pidfile=.airflow/run/supervisord.pid
silent=true

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[group:database]
programs={POSTGRES.name}
priority=1

[group:airflow]
programs={",".join(service.name for service in AIRFLOW)}
priority=2
"""
_PROGRAM = """
[program:{name}]
command=.airflow/venv/bin/python -m local.guard {name}
autostart=false
autorestart=true
startsecs=60
startretries=10
stopwaitsecs={wait}
redirect_stderr=true
stdout_logfile=.airflow/logs/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


def configuration() -> str:
    """supervisord's whole configuration; it holds no path of the machine and no secret."""
    # the guard kills at the end of its own grace; supervisord only where the guard hangs
    programs = (_PROGRAM.format(name=service.name, wait=int(service.grace) + 10) for service in SUPERVISED)
    return _MAIN + "".join(programs)


@dataclass(frozen=True)
class State:
    """One service as supervisord sees it. `name` is supervisord's: STARTING, RUNNING, BACKOFF, STOPPED, FATAL, …"""

    name: str
    pid: int
    started: float

    @property
    def up(self) -> bool:
        """Whether its guard runs."""
        return self.name in ("STARTING", "RUNNING")


def launch(place: Place, environment: dict[str, str], *, attached: bool) -> subprocess.Popen[bytes]:
    """Start supervisord, and nothing in it yet; attached, it ends with the caller, whatever ends the caller."""
    place.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place.run / "supervisord.conf").write_text(configuration())
    with (place.logs / "guard.log").open("wb") as log:
        return subprocess.Popen(
            [place.venv / "bin" / "python", "-m", "local.guard", SUPERVISOR.name],
            cwd=place.checkout,
            env={**environment, CHECKOUT: str(place.checkout)},
            stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # the terminal's Ctrl-C is the caller's to handle
        )


def start(service: Service) -> None:
    """Start one service and return at once."""
    _call("startProcess", _full_name(service), False)


def stop() -> None:
    """Ask supervisord to stop everything and end; returns at once."""
    _call("shutdown")


def states() -> dict[str, State] | None:
    """Every service's state by name; None where no supervisord answers for this checkout."""
    try:
        answer = cast("list[dict[str, Any]]", _call("getAllProcessInfo"))
    except (httpx.TransportError, xmlrpc.client.Fault):  # the fault: it is shutting down
        return None
    return {info["name"]: State(str(info["statename"]), int(info["pid"]), float(info["start"])) for info in answer}


def _full_name(service: Service) -> str:
    return f"{'database' if service is POSTGRES else 'airflow'}:{service.name}"


def _call(method: str, *arguments: str | bool) -> object:
    if not os.path.exists(_SOCKET):  # noqa: PTH110  a path relative to the checkout, as the socket's must be
        raise httpx.ConnectError("no socket")
    body = xmlrpc.client.dumps(arguments, f"supervisor.{method}")
    with httpx.Client(transport=httpx.HTTPTransport(uds=_SOCKET, verify=False), timeout=10) as client:
        response = client.post("http://localhost/RPC2", content=body, headers={"Content-Type": "text/xml"})
    return xmlrpc.client.loads(response.raise_for_status().text)[0][0]
