"""The Secrets API of Kubernetes, as far as the sync uses it, on a free port of this machine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml


class Kubernetes(ThreadingHTTPServer):
    """Just enough of the Secrets API: get, create, replace with a resource version; `status` is an answer to all."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), KubernetesHandler)
        self.secrets: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.status = 0
        self.conflicts = 0


class KubernetesHandler(BaseHTTPRequestHandler):
    server: Kubernetes

    def reply(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def answer(self) -> None:
        self.server.calls.append(f"{self.command} {self.path}")
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        if self.server.status:
            return self.reply(self.server.status, {"message": "no"})
        if self.command == "GET":
            found = self.server.secrets.get(self.path)
            return self.reply(200 if found else 404, found or {"message": "not found"})
        path = self.path if self.command == "PUT" else f"{self.path}/{body['metadata']['name']}"
        held = self.server.secrets.get(path)
        if self.server.conflicts:
            self.server.conflicts -= 1
            return self.reply(409, {"message": "conflict"})
        version = int(held["metadata"]["resourceVersion"]) if held else 0
        assert str(version) == body["metadata"].get("resourceVersion", "0")
        body["metadata"]["resourceVersion"] = str(version + 1)
        self.server.secrets[path] = body
        return self.reply(200, body)

    do_GET = do_POST = do_PUT = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def kubernetes(folder: Path) -> Iterator[tuple[Kubernetes, dict[str, str]]]:
    with Kubernetes() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = {
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
            "current-context": "c",
        }
        (folder / "kubeconfig").write_text(yaml.safe_dump(config))
        yield server, {"KUBECONFIG": str(folder / "kubeconfig")}
        server.shutdown()


def unreachable(kubeconfig: Path) -> Path:
    """A copy of a kubeconfig that leads nowhere: nothing listens on port 1."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"
    copy = kubeconfig.with_name("unreachable")
    copy.write_text(yaml.safe_dump(config))
    return copy
