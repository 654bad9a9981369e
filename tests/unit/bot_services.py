"""Slack, GitHub and CircleCI as small servers on loopback, with the paths and shapes of their documented REST APIs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class Service:
    """Answers a request by `answer`, unless a test queued another for the path: an error, a rate limit, nothing (0)."""

    token_header = "Authorization"

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self.queued: list[tuple[str, str, Answer]] = []
        self.tokens: set[str] = set()
        self.url = ""

    def once(self, method: str, ends: str, *answer: Any) -> None:
        """Answer the next `method` of a path that ends so with (status, body[, headers])."""
        self.queued.append((method, ends, answer))  # pyright: ignore[reportArgumentType]

    def reply(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        self.calls.append((method, path, body))
        for one in self.queued:
            if one[0] == method and path.endswith(one[1]):
                self.queued.remove(one)
                return one[2]
        return self.answer(method, path, query, body)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        raise NotImplementedError

    def called(self, method: str, ends: str) -> list[Any]:
        """Bodies of the calls."""
        return [body for verb, path, body in self.calls if verb == method and path.endswith(ends)]


@contextmanager
def served(service: Service) -> Iterator[Service]:
    """The service on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            parts = urlsplit(self.path)
            kind = self.headers.get("Content-Type") or ""
            body = json.loads(raw) if raw and "json" in kind else {k: v[0] for k, v in parse_qs(raw).items()}
            query = {key: value[0] for key, value in parse_qs(parts.query).items()}
            service.tokens.add(self.headers.get(service.token_header) or "")
            status, answer, *headers = service.reply(self.command, unquote(parts.path), query, body)
            if not status:  # a server that goes away
                self.close_connection = True
                return
            data = (
                b"" if answer is None else answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            )
            self.send_response(status)
            for name, value in (headers[0] if headers else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _any  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


class GitHubServer(Service):
    """acme/data: branches main and feature/x, all green, no lock, no run."""

    def __init__(self) -> None:
        super().__init__()
        self.dags: GitHubServer | None = None
        self.branches = {"main": "a" * 40, "feature/x": "b" * 40}
        self.refs: dict[str, str] = {}
        self.commits: dict[str, str] = {}
        self.checks: list[dict[str, Any]] = [
            {"id": 1, "name": "check", "status": "completed", "conclusion": "success"},
            {"id": 2, "name": "deploy main to integration", "status": "completed", "conclusion": "success"},
        ]
        self.statuses: list[dict[str, str]] = []
        self.releases = "production.yml"
        self.runs: dict[str, list[dict[str, Any]]] = {"integration.yml": [], "production.yml": [], "dags.yml": []}
        self.ends: list[tuple[str, str | None]] = [("completed", "success")]

    def run(self, workflow: str, title: str) -> None:
        number = 100 + sum(len(runs) for runs in self.runs.values())
        page = f"https://github.test/acme/data/actions/runs/{number}"
        self.runs[workflow].insert(0, {"id": number, "display_title": title, "html_url": page, "event": ""})

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if self.dags and path.startswith("/repos/acme/dags/"):
            return self.dags.answer(method, path.replace("/acme/dags/", "/acme/data/"), query, body)
        at = path.removeprefix("/repos/acme/data/")
        kind, _, rest = at.partition("/")
        if kind == "branches":
            sha = self.branches.get(rest)
            return (200, {"commit": {"sha": sha}}) if sha else (404, {"message": "Branch not found"})
        if kind == "commits":
            return self.commit(rest, query)
        return self.git(method, rest, body) if kind == "git" else self.actions(method, rest, query, body)

    def commit(self, rest: str, query: dict[str, str]) -> Answer:
        if rest.endswith("/check-runs"):
            page = int(query["page"])
            part = self.checks[(page - 1) * 100 : page * 100]
            return 200, {"total_count": len(self.checks), "check_runs": part}
        if rest.endswith("/status"):
            page = int(query["page"])
            return 200, {"statuses": self.statuses[(page - 1) * 100 : page * 100]}
        if rest.startswith("tags/"):
            sha = self.refs.get(f"refs/{rest}")
            return (200, {"sha": sha}) if sha else (422, {"message": f"No commit found for SHA: {rest}"})
        return 200, {"sha": self.branches[rest], "commit": {"tree": {"sha": "c" * 40}}}

    def git(self, method: str, rest: str, body: Any) -> Answer:
        if method == "POST" and rest == "commits":
            sha = f"{len(self.commits):040x}"
            self.commits[sha] = body["message"]
            return 201, {"sha": sha}
        if method == "POST" and rest == "trees":
            return (201, {"sha": "d" * 40}) if body["tree"] else (422, {"message": "Invalid tree info"})
        if method == "POST":
            if body["ref"] in self.refs:
                return 422, {"message": "Reference already exists"}
            self.refs[body["ref"]] = body["sha"]
            if body["ref"].startswith("refs/tags/"):
                self.run(self.releases, body["ref"].rpartition("/")[2])
            return 201, {}
        if method == "DELETE":
            gone = self.refs.pop(rest, None)
            return (204, None) if gone else (422, {"message": "Reference does not exist"})
        if rest.startswith("commits/"):
            return 200, {"message": self.commits[rest.removeprefix("commits/")]}
        sha = self.refs.get(f"refs/{rest.removeprefix('ref/')}")
        return (200, {"object": {"sha": sha}}) if sha else (404, {"message": "Not Found"})

    def actions(self, method: str, rest: str, query: dict[str, str], body: Any) -> Answer:
        if method == "POST":
            dags = body["inputs"].get("dags")
            self.run("integration.yml", f"{f'dags {dags}' if dags else body['inputs']['branch']} to integration")
            return 204, None
        if rest.startswith("runs/"):
            status, conclusion = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
            page = f"https://github.test/acme/data/actions/{rest}"
            return 200, {"status": status, "conclusion": conclusion, "html_url": page}
        return 200, {"workflow_runs": self.runs[rest.split("/")[1]]}


class CircleServer(Service):
    """The project gh/acme/data; `workflows` are the statuses of every pipeline."""

    token_header = "Circle-Token"

    def __init__(self) -> None:
        super().__init__()
        self.pipelines: list[dict[str, Any]] = []
        self.workflows = ["success"]
        self.state = "created"

    def pipeline(self, trigger: str, vcs: dict[str, str]) -> dict[str, Any]:
        number = len(self.pipelines) + 1
        made = {"id": f"p{number}", "number": number, "vcs": vcs, "trigger": {"type": trigger}}
        self.pipelines.insert(0, made)
        return made

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if method == "POST":
            return 201, self.pipeline("api", {"branch": body["branch"]})
        if path.endswith("/workflow"):
            return 200, {"items": [{"status": status} for status in self.workflows]}
        if path.startswith("/project"):
            branch = query.get("branch")
            return 200, {"items": [one for one in self.pipelines if not branch or one["vcs"].get("branch") == branch]}
        return 200, {"state": self.state}


class SlackServer(Service):
    """One workspace: takes messages and answers to a command; `socket` is where a socket-mode client is sent."""

    socket = ""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if path == "/api/auth.test":
            return 200, {
                "ok": True,
                "url": "https://acme.slack.test/",
                "team_id": "T1",
                "user_id": "UB",
                "bot_id": "B1",
            }
        if path == "/api/apps.connections.open":
            return 200, {"ok": True, "url": self.socket}
        return 200, {"ok": True}

    @property
    def said(self) -> list[str]:
        return [body["text"] for body in self.called("POST", "/chat.postMessage")]

    @property
    def answered(self) -> list[dict[str, Any]]:
        return self.called("POST", "/response")
