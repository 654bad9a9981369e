"""`ui`: brings a release's UI to the browser, through the ingress or a forwarded port."""

import contextlib
import shlex
import socket
import sys
import threading
import time
import webbrowser
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

import typer

from infra.preview.planning import ROOT
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.stack import Stack, StackOption, StacksOption


def ui(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    release: Annotated[str, typer.Option(help="Which of the stack's releases.", show_default="the only one")] = "",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Say the address only.")] = False,
) -> None:
    """Open a release's UI; without an ingress, forward its port until Ctrl-C."""
    chosen = Stack(stack, stacks)
    summary = _release(chosen, release)
    url = str(summary["url"])
    if not summary["service"]:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        if not no_browser:
            webbrowser.open(url)
        return
    # Airflow sends browsers to this address, so that the port is no choice of the moment.
    port = urlsplit(url).port or 80
    if _answers(port):
        raise OpsError(f"port {port} of this machine is taken, by `make up` perhaps: {url} has to lead to {stack}")
    with cluster_of(chosen) as cluster:
        ports = f"{port}:{int(summary['port'])}"
        forward = ("port-forward", "--namespace", summary["namespace"], f"service/{summary['service']}", ports)
        sys.stdout.write(f"{shlex.join(cluster.command(*forward))}\nuntil Ctrl-C at\n{url}\n")
        sys.stdout.flush()
        if not no_browser:
            threading.Thread(target=_open_once_there, args=(url, port), daemon=True).start()
        code = cluster.follow(*forward)
    if code:
        raise typer.Exit(code)


def _release(stack: Stack, name: str) -> dict[str, Any]:
    releases = cast("dict[str, dict[str, Any]]", stack.outputs().get("releases", {}))
    if not releases:
        raise OpsError(f"{stack.name} has no release yet: `make deploy {stack.given}`")
    if not name and len(releases) > 1:
        raise OpsError(f"{stack.name} has several releases: give RELEASE= one of {', '.join(sorted(releases))}")
    if name and name not in releases:
        raise OpsError(f"{stack.name} has no release {name}; it has {', '.join(sorted(releases))}")
    return releases[name or next(iter(releases))]


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
        return True
    return False


def _open_once_there(url: str, port: int) -> None:
    for _ in range(60):
        if _answers(port):
            webbrowser.open(url)
            return
        time.sleep(0.5)
