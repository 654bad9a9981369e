"""Airflow's API of a release in the cluster, as the administrator, through a port-forward."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any, Protocol

from ops.cluster import Cluster
from tests.live.site import ADMIN_PASSWORD


class Place(Protocol):
    """Where a release is."""

    @property
    def cluster(self) -> Cluster: ...

    @property
    def namespace(self) -> str: ...


class Api:
    """`call("GET", "/api/v2/dags")`; a forward that broke with its pod is made again. A release stands at its name."""

    def __init__(self, site: Place, release: str = "main", password: str = ADMIN_PASSWORD) -> None:
        self._site, self._release, self._password = site, release, password
        self._forward: subprocess.Popen[str] | None = None
        self._base = ""
        self._token = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        for attempt in range(30):
            try:
                return self._call(method, path, body)
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                if (isinstance(error, urllib.error.HTTPError) and error.code < 500) or attempt == 29:
                    detail = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
                    raise AssertionError(f"{method} {path}: {error} {detail}") from None
                self.close()
                time.sleep(2)
        raise AssertionError("not reached")

    def _call(self, method: str, path: str, body: Any) -> Any:
        if self._forward is None:
            self._open()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._base}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.loads(response.read() or b"null")

    def _open(self) -> None:
        service = ("-n", self._site.namespace, f"service/{self._release}-api-server")
        command = self._site.cluster.command("port-forward", *service, ":8080", "--address", "127.0.0.1")
        self._forward = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._forward.stdout is not None
        line = self._forward.stdout.readline()  # Forwarding from 127.0.0.1:40123 -> 8080
        if ":" not in line:
            raise ConnectionError("no forward")
        self._base = f"http://127.0.0.1:{line.split(' -> ')[0].rpartition(':')[2]}/{self._release}"
        self._token = ""
        login = {"username": "admin", "password": self._password}
        self._token = self._call("POST", "/auth/token", login)["access_token"]

    def close(self) -> None:
        if self._forward:
            self._forward.terminate()
            self._forward.wait()
        self._forward = None

    def run(self, dag: str) -> tuple[str, str]:
        """Trigger a DAG and wait for its end: the run's id and its state."""
        run = self.trigger(dag)
        return run, self.ended(dag, run)

    def trigger(self, dag: str) -> str:
        """The new run's id."""
        self.call("PATCH", f"/api/v2/dags/{dag}", {"is_paused": False})
        return self.call("POST", f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"]

    def ended(self, dag: str, run: str, timeout: int = 180) -> str:
        """The run's state once it has ended, or after so many seconds."""
        deadline = time.monotonic() + timeout
        while (state := self.call("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"]) not in ("success", "failed"):
            if time.monotonic() > deadline:
                break
            time.sleep(1)
        return state

    def wait_for_dag(self, dag: str, timeout: int = 90) -> float:
        """Seconds until the DAG is there."""
        began = time.monotonic()
        while time.monotonic() - began < timeout:
            if dag in {one["dag_id"] for one in self.call("GET", "/api/v2/dags")["dags"]}:
                return time.monotonic() - began
            time.sleep(1)
        errors = self.call("GET", "/api/v2/importErrors")
        raise AssertionError(f"{dag} did not appear within {timeout} s; import errors: {errors}")
