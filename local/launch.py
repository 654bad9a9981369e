"""How a guarded service's process is started: command, folder, environment, account."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local import database, services
from local.orphans import CHECKOUT, SERVICE, bound_to_parent
from local.place import Place
from local.services import Service

_SCHEDULER = Path("local", "scripts", "scheduler.py")


def start(service: Service, checkout: Path) -> subprocess.Popen[bytes]:
    """Start a service of the checkout in a process group of its own."""
    place = Place(checkout)
    if service is services.POSTGRES:
        return _postgres(service, place)
    if service is services.SUPERVISOR:
        command = [place.venv / "bin" / "supervisord", "--nodaemon", "--configuration", place.run / "supervisord.conf"]
        folder = checkout
    elif service is services.SCHEDULER:
        held = [checkout / _SCHEDULER, place.may_schedule]
        command = [place.venv / "bin" / "python", *held, "airflow", *service.arguments]
        folder = place.home
    else:
        command = [place.venv / "bin" / "airflow", *service.arguments]
        folder = place.home
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, preexec_fn=bound_to_parent(service.stop), process_group=0
    )


def _postgres(service: Service, place: Place) -> subprocess.Popen[bytes]:
    server = database.choose(place)
    marks = {name: os.environ[name] for name in (CHECKOUT, SERVICE)}
    return subprocess.Popen(
        server.command,
        cwd=server.folder,
        env={"PATH": os.defpath, "LC_ALL": "C", **marks},
        stdin=subprocess.DEVNULL,
        preexec_fn=bound_to_parent(service.stop),
        process_group=0,
        **server.as_account(),
    )
