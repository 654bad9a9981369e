"""The plan's comment, against a local server that speaks what GitHub's REST API documents."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.github import connect
from bot.rest import Rest, RestError
from ops import plan_comment
from ops.errors import OpsError

HEAD = "a" * 40


class GitHub(ThreadingHTTPServer):
    """Pull request 7 with its comments; `token` None lets everybody in."""

    comments: list[dict[str, Any]]
    requests: list[tuple[str, str]]


def comment(number: int, body: str, kind: str = "User") -> dict[str, Any]:
    return {"id": number, "body": body, "user": {"type": kind}, "author_association": "NONE"}


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
            self.server.comments.append(comment(len(self.server.comments) + 1, body, "Bot"))
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


def client(server: GitHub, token: str = "good") -> Rest:
    return connect(token, f"http://127.0.0.1:{server.server_address[1]}", lambda _: None)


def test_one_comment_that_is_updated(github: GitHub) -> None:
    github.comments.extend(comment(number + 1, "somebody's") for number in range(120))
    plan_comment.post(client(github), "o/r", 7, HEAD, "first")
    plan_comment.post(client(github), "o/r", 7, HEAD, "second")
    ours = [comment["body"] for comment in github.comments if plan_comment.MARKER in comment["body"]]
    assert ours == [f"{plan_comment.MARKER}\nsecond"]


def test_a_plan_of_an_older_head_is_not_posted(github: GitHub) -> None:
    with pytest.raises(plan_comment.StaleError, match="moved on"):
        plan_comment.post(client(github), "o/r", 7, "b" * 40, "x")
    assert github.comments == []


def test_a_strangers_comment_is_left_alone(github: GitHub) -> None:
    github.comments.append(comment(1, f"{plan_comment.MARKER}\na stranger's"))
    plan_comment.post(client(github), "o/r", 7, HEAD, "plan")
    plan_comment.post(client(github), "o/r", 7, HEAD, "plan 2")
    assert [one["body"] for one in github.comments] == [
        f"{plan_comment.MARKER}\na stranger's",
        f"{plan_comment.MARKER}\nplan 2",
    ]


def test_the_verb_takes_whatever_bytes_a_stranger_left_and_no_offence_at_a_stale_head(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "good")
    file, api = tmp_path / "comment.md", f"http://127.0.0.1:{github.server_address[1]}"
    file.write_bytes(b"\xff\xfe plan")
    plan_comment.plan_comment(7, HEAD, file, "o/r", api)
    assert "plan" in github.comments[0]["body"]
    plan_comment.plan_comment(7, "b" * 40, file, "o/r", api)
    assert "moved on" in capsys.readouterr().out
    assert len(github.comments) == 1


def test_a_long_plan_is_cut_with_a_word(github: GitHub) -> None:
    plan_comment.post(client(github), "o/r", 7, HEAD, "x" * 100_000)
    body = github.comments[0]["body"]
    assert len(body) == plan_comment.LIMIT
    assert body.endswith(plan_comment.CUT)


@pytest.mark.parametrize(
    ("token", "number", "words"), [("bad", 7, "401 Bad credentials"), ("good", 8, "404 Not Found")]
)
def test_what_github_refuses_is_said(github: GitHub, token: str, number: int, words: str) -> None:
    with pytest.raises(RestError, match=words):
        plan_comment.post(client(github, token), "o/r", number, HEAD, "x")


def test_no_answer_is_said() -> None:
    with pytest.raises(RestError, match="does not answer"):
        plan_comment.post(connect("good", "http://127.0.0.1:9", lambda _: None), "o/r", 7, HEAD, "x")


def test_a_token_stands_in_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with pytest.raises(OpsError, match="GITHUB_TOKEN"):
        plan_comment.plan_comment(7, HEAD, tmp_path, "o/r", "http://127.0.0.1:9")
