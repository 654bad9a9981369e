"""A real Airflow on a real PostgreSQL for the tests: a migrated database is copied for each test."""

import json
import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from local.database import own, runnable
from local.postgres import Postgres, wheel_bin

ROOT = Path(__file__).parents[2]
VENV = ROOT / ".airflow" / "venv"
SYNC = ROOT / "infra" / "airflow" / "sync"
MIGRATED, WITH_ROLES = "airflow_migrated", "airflow_with_roles"
FERNET_KEY = "dGVzdHMtb25seS1mZXJuZXQta2V5LW9mLTMyLWJ5dGU="
FAB = "airflow.providers.fab.auth_manager"


@dataclass
class Run:
    """A run in the fork server: `pid` is there at once, `wait()` gives the exit code (None where it was killed)."""

    pid: int
    channel: IO[str]
    stdout: IO[str]
    stderr: IO[str]

    def wait(self) -> "Done":
        with self.channel, self.stdout, self.stderr:
            code = self.channel.readline().strip()
            self.stdout.seek(0)
            self.stderr.seek(0)
            return Done(int(code) if code else None, self.stdout.read(), self.stderr.read())


@dataclass(frozen=True)
class Done:
    """What a run left: exit code and what it said."""

    code: int | None
    out: str
    err: str

    def last(self) -> str:
        return self.out.strip().splitlines()[-1] if self.out.strip() else self.err


class ForkServer:
    """Airflow, imported once; see forkserver.py."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.path = folder / "airflow.socket"
        self.process = subprocess.Popen(
            [VENV / "bin" / "python", Path(__file__).with_name("forkserver.py"), self.path],
            stdout=subprocess.PIPE,
            env=env,
            text=True,
        )
        assert self.process.stdout
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("Airflow's fork server did not start")

    def start(self, request: dict[str, Any], stdin: str | bytes = "") -> Run:
        # the child writes into files that `Run.wait` reads and closes
        out, err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115
        with tempfile.TemporaryFile() as given, socket.socket(socket.AF_UNIX) as channel:
            given.write(stdin.encode() if isinstance(stdin, str) else stdin)
            given.seek(0)
            channel.connect(str(self.path))
            descriptors = [given.fileno(), out.fileno(), err.fileno()]
            socket.send_fds(channel, [json.dumps(request).encode() + b"\n"], descriptors)
            answers = channel.makefile("r")
        return Run(int(answers.readline()), answers, out, err)

    def stop(self) -> None:
        self.process.kill()  # it holds nothing, and Airflow's own handlers take seconds
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()


@dataclass
class AirflowHere:
    """One database of its own, and Airflow upon it."""

    server: ForkServer
    postgres: Postgres
    database: str
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, settings: str | bytes = "", env: dict[str, str] | None = None) -> Run:
        """Start the sync with `settings` on its standard input; passwords go into a file where nothing else is said."""
        argv = [str(SYNC), *(arguments or ("--passwords-file", str(self.passwords_file))), "-"]
        return self.server.start({"argv": argv, "env": self.env | (env or {})}, settings)

    def sync(self, settings: str | bytes, *arguments: str, env: dict[str, str] | None = None) -> Done:
        return self.start(*arguments, settings=settings, env=env).wait()

    def python(self, code: str, **names: Any) -> Any:
        """Run `code` in Airflow; `names` are there as variables; what it puts into `answer` comes back as JSON."""
        head = f"import json\nglobals().update(json.loads({json.dumps(names)!r}))\n"
        tail = "\nimport sys\nsys.__stdout__.write('\\n' + json.dumps(answer))\n"
        done = self.server.start({"code": head + code + tail, "env": self.env}).wait()
        if done.code != 0:
            raise AssertionError(done.err)
        return json.loads(done.last())

    def sql(self, statement: str) -> str:
        return self.postgres.sql(statement, self.database)

    @property
    def passwords_file(self) -> Path:
        return self.folder / "passwords.json"

    def contents(self) -> str:
        """Everything that the sync may write, as one text: equal before and after where nothing was changed."""
        tables = ("connection", "variable", "slot_pool", "ab_user", "ab_user_role")
        rows = [self.sql(f"select * from {table} order by id") for table in tables]
        ledger = self.sql("select to_regclass('settings_sync_ledger')")
        return "\n".join([*rows, self.sql(f"select * from {ledger} order by 1, 2") if ledger else ""])


def base_env(home: Path, url: str) -> dict[str, str]:
    """Airflow's environment; no more than it needs, and nothing of the caller's Airflow."""
    return {
        "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__FERNET_KEY": FERNET_KEY,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__AUTH_MANAGER": f"{FAB}.fab_auth_manager.FabAuthManager",
        "AIRFLOW__DATABASE__EXTERNAL_DB_MANAGERS": f"{FAB}.models.db.FABDBManager",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__API_AUTH__JWT_SECRET": "tests-only-jwt-secret-of-more-than-64-bytes-as-sha512-asks-for-it-here",
        "AIRFLOW__API__SECRET_KEY": "tests-only-api-secret-key-tests-only",
    }


@contextmanager
def embedded_postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the tests' own, outside of pytest's folder, which root keeps closed to the server's account.

    So may the checkout be: then the programs are copied.
    """
    folder = Path(tempfile.mkdtemp(prefix="airflow-postgres-"))
    options = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "50"}
    folder.chmod(0o711)
    home = folder / "pg"
    home.mkdir(mode=0o700)
    postgres = Postgres(home, wheel_bin(VENV), options)
    own(postgres, home)
    postgres = runnable(postgres)
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop("immediate")
        subprocess.run(["rm", "-rf", str(folder)], check=True)


@contextmanager
def fork_server(folder: Path, env: dict[str, str]) -> Iterator[ForkServer]:
    server = ForkServer(folder, env)
    try:
        yield server
    finally:
        server.stop()


def together(*starts: Any) -> list[Any]:
    """Call each in a thread of its own at the same time and return what they give."""
    gate, results = threading.Barrier(len(starts)), [None] * len(starts)

    def call(number: int) -> None:
        gate.wait()
        results[number] = starts[number]()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(len(starts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
