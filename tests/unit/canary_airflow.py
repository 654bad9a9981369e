"""An Airflow on loopback that knows the few paths that a canary's run takes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "canary-password-7f3e"


class Airflow(BaseHTTPRequestHandler):
    """The few paths of Airflow's REST API that a canary's run takes; `state` is how the run ends."""

    state = "success"

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def answer(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        if "/taskInstances?" in self.path:
            self.answer({"task_instances": [], "total_entries": 0})
        elif "/dagRuns/" in self.path:
            self.answer({"state": self.state})
        else:
            self.answer({"dag_id": "canary", "is_paused": False})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/auth/token"):
            good = body == {"username": "admin", "password": PASSWORD}
            self.answer({"access_token": "t"} if good else {"detail": "no"}, 201 if good else 401)
        else:
            self.answer({"dag_run_id": "manual__1"})


@contextmanager
def served() -> Iterator[str]:
    """Its address, on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Airflow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
