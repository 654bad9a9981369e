"""The plan's comment, against a local server that speaks what GitHub's REST API documents."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from ops import plan_comment

HEAD = "a" * 40


class GitHub(ThreadingHTTPServer):
    """Pull request 7 with its comments; `token` None lets everybody in."""

    comments: list[dict[str, Any]]
    requests: list[tuple[str, str]]


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.server.requests.append(("GET", self.path))
        if self.headers["Authorization"] != "Bearer good":
            return self.answer(401, {"message": "Bad credentials"})
        if self.path == "/repos/o/r/pulls/7":
            return self.answer(200, {"head": {"sha": HEAD}})
        if self.path.startswith("/repos/o/r/issues/7/comments"):
            page = int(self.path.rpartition("page=")[2])
            return self.answer(200, self.server.comments[(page - 1) * 100 : page * 100])
        return self.answer(404, {"message": "Not Found"})

    def change(self, status: int) -> None:
        self.server.requests.append((self.command, self.path))
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        if self.command == "POST":
            self.server.comments.append({"id": len(self.server.comments) + 1, "body": body})
        else:
            self.server.comments[int(self.path.rpartition("/")[2]) - 1]["body"] = body
        self.answer(status, {"html_url": "https://github.com/o/r/pull/7#issuecomment-1"})

    def do_POST(self) -> None:
        self.change(201)

    def do_PATCH(self) -> None:
        self.change(200)


@pytest.fixture
def github() -> Iterator[GitHub]:
    server = GitHub(("127.0.0.1", 0), Handler)
    server.comments, server.requests = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def client(server: GitHub, token: str = "good") -> httpx.Client:
    return plan_comment.client(token, f"http://127.0.0.1:{server.server_address[1]}")


def test_one_comment_that_is_updated(github: GitHub) -> None:
    github.comments.extend({"id": number + 1, "body": "somebody's"} for number in range(120))
    plan_comment.post(client(github), "o/r", 7, HEAD, "first")
    plan_comment.post(client(github), "o/r", 7, HEAD, "second")
    ours = [comment["body"] for comment in github.comments if plan_comment.MARKER in comment["body"]]
    assert ours == [f"{plan_comment.MARKER}\nsecond"]


def test_a_plan_of_an_older_head_is_not_posted(github: GitHub) -> None:
    with pytest.raises(plan_comment.CommentError, match="moved on"):
        plan_comment.post(client(github), "o/r", 7, "b" * 40, "x")
    assert github.comments == []


def test_a_long_plan_is_cut_with_a_word(github: GitHub) -> None:
    plan_comment.post(client(github), "o/r", 7, HEAD, "x" * 100_000)
    body = github.comments[0]["body"]
    assert len(body) == plan_comment.LIMIT
    assert body.endswith(plan_comment.CUT)


@pytest.mark.parametrize(
    ("token", "number", "words"), [("bad", 7, "401 Bad credentials"), ("good", 8, "404 Not Found")]
)
def test_what_github_refuses_is_said(github: GitHub, token: str, number: int, words: str) -> None:
    with pytest.raises(plan_comment.CommentError, match=words):
        plan_comment.post(client(github, token), "o/r", number, HEAD, "x")


def test_no_answer_is_said() -> None:
    with pytest.raises(plan_comment.CommentError, match="does not answer"):
        plan_comment.post(plan_comment.client("good", "http://127.0.0.1:9"), "o/r", 7, HEAD, "x")
