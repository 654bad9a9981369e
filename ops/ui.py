"""`ui`: brings a release's UI to the browser, through the ingress or a forwarded port."""

import shlex
import sys
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
        _open(url, no_browser)
        return
    # Airflow sends browsers to this address, so that the port is no choice of the moment.
    port = urlsplit(url).port
    with cluster_of(chosen) as cluster:
        ports = f"{port}:{int(summary['port'])}"
        forward = ("port-forward", "--namespace", summary["namespace"], f"service/{summary['service']}", ports)
        sys.stdout.write(f"{shlex.join(cluster.command(*forward))}\nuntil Ctrl-C at\n")
        _open(url, no_browser)
        code = cluster.follow(*forward)
    if code:
        raise typer.Exit(code)


def _release(stack: Stack, name: str) -> dict[str, Any]:
    releases = cast("dict[str, dict[str, Any]]", stack.outputs().get("releases", {}))
    if not releases:
        raise OpsError(f"{stack.name} has no release yet: `make deploy STACK={stack.name}`")
    if not name and len(releases) > 1:
        raise OpsError(f"{stack.name} has several releases: give RELEASE= one of {', '.join(sorted(releases))}")
    if name and name not in releases:
        raise OpsError(f"{stack.name} has no release {name}; it has {', '.join(sorted(releases))}")
    return releases[name or next(iter(releases))]


def _open(url: str, no_browser: bool) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    if not no_browser:
        webbrowser.open(url)
