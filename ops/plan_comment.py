"""The plan of a pull request as one comment that is updated, by GitHub's REST API."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, cast

import httpx
import typer

from ops.errors import OpsError
from ops.plan_diff import MARKER

LIMIT = 65_536  # characters GitHub takes in a comment ("body is too long")
CUT = "\n\n… cut here: the whole plan is in the run's artifact `plan`.\n"


class CommentError(OpsError):
    """What stands in the way, said in a sentence."""


def plan_comment(
    number: Annotated[int, typer.Option(help="Number of the pull request.")],
    head: Annotated[str, typer.Option(help="The commit that was planned; a newer one's own run comments.")],
    file: Annotated[Path, typer.Option(help="The Markdown of `make plan-diff`.", exists=True, dir_okay=False)],
    repository: Annotated[str, typer.Option(envvar="GITHUB_REPOSITORY", help="OWNER/NAME on GitHub.")],
    token: Annotated[str, typer.Option(envvar="GITHUB_TOKEN", show_envvar=True, help="By environment only.")],
    api: Annotated[str, typer.Option(envvar="GITHUB_API_URL", help="GitHub Enterprise's.")] = "https://api.github.com",
) -> None:
    """Write a plan under its pull request, as one comment that is updated."""
    with client(token, api) as github:
        sys.stdout.write(post(github, repository, number, head, file.read_text()) + "\n")


def post(client: httpx.Client, repository: str, number: int, head: str, body: str) -> str:
    """Write `body` as the pull request's plan comment and return its address.

    The plan came from an untrusted run, so that it is posted only where the pull request is still at `head`.
    Raises CommentError for a stale head or what GitHub refuses.
    """
    found = _ask(client, "GET", f"/repos/{repository}/pulls/{number}")
    if found["head"]["sha"] != head:
        raise CommentError(f"pull request {number} has moved on to {found['head']['sha'][:12]}: its own run comments")
    text = body if body.startswith(MARKER) else f"{MARKER}\n{body}"
    if len(text) > LIMIT:
        text = text[: LIMIT - len(CUT)] + CUT
    for comment in _comments(client, f"/repos/{repository}/issues/{number}/comments"):
        if str(comment.get("body", "")).startswith(MARKER):
            done = _ask(client, "PATCH", f"/repos/{repository}/issues/comments/{comment['id']}", {"body": text})
            return str(done["html_url"])
    return str(_ask(client, "POST", f"/repos/{repository}/issues/{number}/comments", {"body": text})["html_url"])


def client(token: str, api: str = "https://api.github.com") -> httpx.Client:
    """A client of GitHub's REST API (or of a GitHub Enterprise server's)."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    return httpx.Client(base_url=api, headers=headers, timeout=30)


def _comments(client: httpx.Client, path: str) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        found = _send(client, "GET", f"{path}?per_page=100&page={page}").json()
        yield from cast("list[dict[str, Any]]", found)
        if len(found) < 100:
            return
        page += 1


def _ask(client: httpx.Client, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    return cast("dict[str, Any]", _send(client, method, path, body).json())


def _send(client: httpx.Client, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
    try:
        answer = client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise CommentError(f"GitHub does not answer: {error}") from error
    if answer.is_success:
        return answer
    why = answer.json().get("message", "") if "json" in answer.headers.get("content-type", "") else answer.text[:200]
    raise CommentError(f"GitHub refuses {method} {path}: {answer.status_code} {why}")
