"""`canary`: after a deployment, one run of the canary DAG through scheduler, executor and a worker of each release."""

import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

import httpx
import typer
from rich.console import Console

from infra.preview.planning import ROOT
from infra.settings.release import Release
from local.errors import LocalError
from local.run_dag import run_dag
from ops import forward
from ops.errors import OpsError
from ops.stack import Stack, StackOption, StacksOption


def canary(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    dag: Annotated[str, typer.Option(help="Another DAG than the canary.")] = "canary",
    timeout: Annotated[float, typer.Option(help="Seconds until it must have ended.")] = 600,
    url: Annotated[
        str, typer.Option(help="Address of the UI, where neither its host nor a port by kubectl is meant.")
    ] = "",
) -> None:
    """Run the canary DAG of every release of a stack and say how it went; not zero where one failed."""
    chosen = Stack(stack, stacks)
    console = Console(highlight=False, soft_wrap=True)
    failed: list[str] = []
    for release in chosen.settings.releases:
        console.print(f"release {release.name}")
        try:
            with (
                _address(chosen, release, url) as base,
                _client(base, release.admin.username, _password(chosen, release)) as api,
            ):
                code = run_dag(api, console, dag, "{}", timeout)
        except (LocalError, httpx.HTTPError) as error:
            console.print(str(error), markup=False)
            code = 1
        if code:
            failed.append(release.name)
    if failed:
        sys.stderr.write(f"the canary failed on {', '.join(failed)}: `make how-to-go-back {chosen.given}`\n")
        raise typer.Exit(1)


def _address(stack: Stack, release: Release, url: str) -> AbstractContextManager[str]:
    """Its host where any machine trusts the certificate, else a forwarded port: the password goes to nobody else."""
    if url or forward.trusted(stack, release):
        return nullcontext(url or f"https://{release.host}{release.url_prefix}")
    return forward.forwarded(stack, release)


def how_to_go_back(stack: StackOption, stacks: StacksOption = ROOT) -> None:
    """Say how the version before comes back."""
    chosen = Stack(stack, stacks)
    name, given = chosen.file.stack, chosen.given
    command = ["git", "tag", "--list", "v*", "--sort=-creatordate"]
    tags = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if len(tags) < 2:
        sys.stdout.write(
            f"There is no release before this one (git knows {len(tags)} tags v*): mend, and release anew.\n"
        )
        return
    now, before = tags[:2]
    sys.stdout.write(
        f"To go back from {now} to {before} on {name}:\n"
        f"  git checkout {before}\n"
        f"  make deploy {given} BRANCH={before} IMAGE_TAG={before}\n"
        f"  make canary {given}\n"
        "DAGs in a repository of their own stay where they are; REF=<an earlier tag of theirs> puts that back.\n"
        "Where Airflow's own version changed between the two, the database moves back first: docs/operations.md,\n"
        '"Going back". What tasks wrote elsewhere stays as it is.\n'
    )


def _password(stack: Stack, release: Release) -> str:
    own = f"{release.name}.adminPassword"
    return stack.get_secret(own if stack.holds(own) else "adminPassword")


def _client(base: str, user: str, password: str) -> httpx.Client:
    token = httpx.post(f"{base}/auth/token", json={"username": user, "password": password}, timeout=60)
    if token.status_code == 401:
        raise OpsError(f"{base} does not take the password of {user}: is `adminPassword` the one that was deployed?")
    headers = {"Authorization": f"Bearer {token.raise_for_status().json()['access_token']}"}
    return httpx.Client(base_url=f"{base}/api/v2", headers=headers, timeout=60)
