"""Who listens on a port of this machine."""

from __future__ import annotations

import socket

import psutil

from local.errors import LocalError
from local.orphans import checkout_of


def number(text: str) -> int:
    """A port as it is given in PORT=…; LocalError where it is none."""
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 65536):
        raise LocalError(f"PORT={text}: must be a number from 1 to 65535, as in PORT=1235")
    return int(text)


def claim(port: int) -> None:
    """Raise LocalError, naming who has it, where the port cannot be had."""
    with socket.socket() as probe:
        # connections of an earlier run that are still closing are no hindrance, to uvicorn neither
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise LocalError(f"port {port}: ports below 1024 are root's; take another, as in PORT=1235") from None
        except OSError:
            holder = _holder(port)
            raise LocalError(
                f"port {port} is taken by {holder}: stop that, or take another, as in PORT={port + 1}"
            ) from None


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS tells only root
        return "another program"
    for connection in connections:
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr[1] == port
            and connection.pid
        ):
            checkout = checkout_of(connection.pid)
            if checkout:
                return f"the Airflow of {checkout} (`make stop` there)"
            try:
                return f"process {connection.pid} ({' '.join(psutil.Process(connection.pid).cmdline())[:80]})"
            except psutil.Error:
                break
    return "another user's program"
