"""A PostgreSQL that runs as the one in the cluster does: TLS only, the same pg_hba.conf, the same command line."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra import wait_for
from infra.cloud.existing import server_pod
from tests.certificates import Pem, issue
from tests.real.waiting import PATIENCE

SCRIPTS = Path(server_pod.__file__).parent / "scripts"
PASSWORD = "first-password-of-the-server"


def binaries() -> Path | None:
    """The newest server on this machine; Debian's speak TLS."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@dataclass
class TlsServer:
    """A data folder and how to run things on it; `folder` belongs to whom the server runs as."""

    bin: Path
    folder: Path
    user: str | None
    port: int
    pem: Pem

    def env(self, **more: str) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "LC_ALL": "C",
            "PGDATA": f"{self.folder}/data",
            "PGHOST": "localhost",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": f"{self.folder}/ca.pem",
            "PASSWORD_FILE": f"{self.folder}/password",
            "BACKUPS": f"{self.folder}/backups",
            "RETENTION_DAYS": "7",
            **more,
        }

    def run(self, *command: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            env=self.env(**env),
            user=self.user,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def script(self, name: str, *, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """What the pods run."""
        wait = wait_for.command([("127.0.0.1", self.port)])
        return self.run("bash", str(self.folder / name), *(str(word) for word in wait), check=check, **env)

    def sql(self, *texts: str, database: str = "postgres", check: bool = True, **env: str) -> str:
        """The rows, or where it failed and `check` is off, what was said; each text is a transaction of its own."""
        password = {"PGPASSWORD": (self.folder / "password").read_text()}
        each = [part for text in texts for part in ("-c", text)]
        command = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, *each)
        done = self.run(*command, check=check, **{**password, **env})
        return done.stdout.strip() if done.returncode == 0 else done.stderr

    def write(self, name: str, content: str, mode: int = 0o600) -> None:
        path = self.folder / name
        path.write_text(content)
        path.chmod(mode)
        if self.user:
            shutil.chown(path, self.user)

    def start(self) -> None:
        arguments = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
            "hba_file": f"{self.folder}/pg_hba.conf",
            "ssl": "on",
            "ssl_cert_file": f"{self.folder}/tls.crt",
            "ssl_key_file": f"{self.folder}/tls.key",
        }
        options = " ".join(f"-c {key}={value}" for key, value in arguments.items())
        self.run("pg_ctl", "-w", "-l", str(self.folder / "server.log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "fast", "stop")


@contextmanager
def tls_postgres(bin_: Path) -> Iterator[TlsServer]:
    """A fresh server, running; as root it runs as `postgres`, since it refuses to be root's."""
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="tls-postgres-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = TlsServer(bin_, folder, user, port, issue("localhost"))
    if user:
        shutil.chown(folder, user)
    for script in SCRIPTS.glob("*.sh"):
        server.write(script.name, script.read_text())
    for name, content in {
        "password": PASSWORD,
        "ca.pem": server.pem.ca,
        "tls.crt": server.pem.certificate,
        "tls.key": server.pem.key,
        "pg_hba.conf": server_pod.HBA,
    }.items():
        server.write(name, content)
    server.run("mkdir", "backups")
    server.run("initdb", "--username=postgres", "--pwfile=password", "--auth=scram-sha-256", "-E", "UTF8")
    server.start()
    try:
        yield server
    finally:
        server.run("pg_ctl", "-w", "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder)


def can_run() -> str | None:
    """Why there is no such server here, or None."""
    if binaries() is None:
        return "no PostgreSQL server with TLS under /usr/lib/postgresql (Debian's postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "root without an account `postgres` to run a server as"
    return None
