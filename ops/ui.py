"""`ui`: brings the UI of a release, of Flower or of Grafana to the browser, by the ingress or a forwarded port."""

import contextlib
import shlex
import socket
import sys
import threading
import time
import webbrowser
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

import typer

from infra.airflow.parts import FLOWER_PORT, Parts
from infra.platform.monitoring.stack import GRAFANA_SERVICE, GRAFANA_SERVICE_PORT
from infra.preview.planning import ROOT
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.stack import Stack, StackOption, StacksOption


class Service(StrEnum):
    """What has a UI."""

    airflow = "airflow"
    flower = "flower"
    grafana = "grafana"


@dataclass(frozen=True)
class Forward:
    """A Service of the cluster behind a port of this machine; `path` is where its UI begins, `login` who may enter."""

    namespace: str
    service: str
    remote: int
    port: int
    path: str = ""
    login: str = ""

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://localhost:{self.port}{self.path}"


def ui(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    release: Annotated[str, typer.Option(help="Which of the stack's releases.", show_default="the only one")] = "",
    service: Annotated[Service, typer.Option(help="Whose UI.")] = Service.airflow,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Say the address only.")] = False,
) -> None:
    """Open the UI of a release, of its Flower or of Grafana; without an ingress, forward its port until Ctrl-C."""
    chosen = Stack(stack, stacks)
    ways = {Service.airflow: _airflow, Service.flower: _flower, Service.grafana: _grafana}
    found = ways[service](chosen, release)
    if isinstance(found, Forward):
        _forward(chosen, found, no_browser)
        return
    sys.stdout.write(f"{found}\n")
    sys.stdout.flush()
    if not no_browser:
        webbrowser.open(found)


def _airflow(stack: Stack, release: str) -> Forward | str:
    summary = _release(stack, release)
    url = str(summary["url"])
    if not summary["service"]:
        return url
    # Airflow sends browsers to this address, so that the port is no choice of the moment.
    port, path = urlsplit(url).port or 80, urlsplit(url).path
    if _answers(port):
        raise OpsError(f"port {port} of this machine is taken, by `make up` perhaps: {url} has to lead to {stack.name}")
    return Forward(str(summary["namespace"]), str(summary["service"]), int(summary["port"]), port, path)


def _flower(stack: Stack, release: str) -> Forward | str:
    one = stack.release(release)
    if not (one.celery and one.celery.flower):
        raise OpsError(
            f"release {one.name} has no Flower: `celery.flower: true` of a release with CeleryExecutor adds it"
        )
    path, own = f"{one.url_prefix}/flower", Parts(one)
    if one.host:
        return f"https://{one.host}{path}"
    login = _login(stack, one.admin.username, "flowerPassword", one.name)
    return Forward(own.namespace, own.of("flower"), FLOWER_PORT, _free(FLOWER_PORT), f"{path}/", login)


def _grafana(stack: Stack, _release: str) -> Forward:
    """No ingress leads to it: one Grafana shows every release of the stack."""
    state = stack.settings.platform.monitoring.state
    if state != "on":
        raise OpsError(f"{stack.name} has no Grafana of its own: platform.monitoring.state is {state}")
    namespace, login = stack.names.resource("monitoring"), _login(stack, "admin", "grafanaPassword")
    return Forward(namespace, GRAFANA_SERVICE, GRAFANA_SERVICE_PORT, _free(3000), login=login)


def _login(stack: Stack, user: str, secret: str, release: str = "") -> str:
    own = f"{release}.{secret}"
    key = own if stack.holds(own) else secret
    return f"user {user}; `pulumi config get {stack.file.project}:{key} {stack.for_pulumi}` shows the password\n"


def _forward(stack: Stack, to: Forward, no_browser: bool) -> None:
    with cluster_of(stack) as cluster:
        ports = f"{to.port}:{to.remote}"
        command = ("port-forward", "--namespace", to.namespace, f"service/{to.service}", ports)
        sys.stdout.write(f"{shlex.join(cluster.command(*command))}\n{to.login}until Ctrl-C at\n{to.url}\n")
        sys.stdout.flush()
        if not no_browser:
            threading.Thread(target=_open_once_there, args=(to.url, to.port), daemon=True).start()
        code = cluster.follow(*command)
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


def _free(port: int) -> int:
    """This port, or where it is taken another."""
    if not _answers(port):
        return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
