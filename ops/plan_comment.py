"""The plan of a pull request as one comment that is updated, by GitHub's REST API."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.github import connect
from bot.rest import Rest, RestError
from ops.errors import OpsError
from ops.plan_diff import MARKER

LIMIT = 65_536  # characters GitHub takes in a comment ("body is too long")
CUT = "\n\n… cut here: the whole plan is in the run's artifact `plan`.\n"


class StaleError(Exception):
    """The pull request has moved on, as it may: nothing is wrong, and there is nothing to write."""


def plan_comment(
    number: Annotated[int, typer.Option(help="Number of the pull request.")],
    head: Annotated[str, typer.Option(help="The commit that was planned; a newer one's own run comments.")],
    file: Annotated[Path, typer.Option(help="The Markdown of `make plan-diff`.", exists=True, dir_okay=False)],
    repository: Annotated[str, typer.Option(envvar="GITHUB_REPOSITORY", help="OWNER/NAME on GitHub.")],
    api: Annotated[str, typer.Option(envvar="GITHUB_API_URL", help="GitHub Enterprise's.")] = "https://api.github.com",
) -> None:
    """Write a plan under its pull request, as one comment that is updated. GITHUB_TOKEN stands in the environment."""
    token = os.environ.get("GITHUB_TOKEN")
    if not token:
        raise OpsError("GITHUB_TOKEN is not in the environment: a token that may write to pull requests")
    plan = file.read_bytes().decode(errors="replace")  # the run that wrote it is a stranger's
    try:
        done = post(connect(token, api), repository, number, head, plan)
    except StaleError as error:
        done = str(error)
    except RestError as error:
        raise OpsError(str(error)) from error
    sys.stdout.write(f"{done}\n")


def post(github: Rest, repository: str, number: int, head: str, body: str) -> str:
    """Write `body` as the pull request's plan comment and return its address.

    The plan came from an untrusted run, so that it is posted only where the pull request is still at `head`.
    Raises StaleError where it is not, RestError for what GitHub refuses.
    """
    at = f"/repos/{repository}"
    found = github.get(f"{at}/pulls/{number}")["head"]["sha"]
    if found != head:
        raise StaleError(f"pull request {number} has moved on to {found[:12]}: its own run comments")
    text = body if body.startswith(MARKER) else f"{MARKER}\n{body}"
    if len(text) > LIMIT:
        text = text[: LIMIT - len(CUT)] + CUT
    for comment in github.pages(f"{at}/issues/{number}/comments"):
        if _ours(comment):
            return str(github.patch(f"{at}/issues/comments/{comment['id']}", {"body": text})["html_url"])
    return str(github.post(f"{at}/issues/{number}/comments", {"body": text})["html_url"])


def _ours(comment: dict[str, Any]) -> bool:
    """Whether a run of ours wrote it: a stranger may begin a comment with the marker too, and change it afterwards."""
    trusted = comment["user"]["type"] == "Bot" or comment["author_association"] in ("OWNER", "MEMBER", "COLLABORATOR")
    return trusted and str(comment["body"]).startswith(MARKER)
