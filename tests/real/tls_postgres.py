"""Debian's PostgreSQL with a certificate authority of its own, reached by TLS only (the wheel's has no TLS)."""

import datetime
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "p@ss/w:rd%"


def programs() -> Path | None:
    """The folder of the newest PostgreSQL that Debian installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name)) if found else None


def authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, certificate(name, key.public_key(), name, key, authority=True)


def certificate(
    name: str, key: ec.EllipticCurvePublicKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, authority: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def pem(part: x509.Certificate) -> bytes:
    return part.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True)
class TlsPostgres:
    """A server on `port` of this machine whose certificate is for `localhost`; `ca` signed it, `wrong_ca` did not."""

    bin: Path
    folder: Path
    port: int

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def wrong_ca(self) -> Path:
        return self.folder / "wrong.pem"

    def run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as an account that it accepts."""
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        with tempfile.TemporaryFile("w+") as output:  # not a pipe: the server would hold it open
            code = subprocess.call(
                [self.bin / program, *arguments],
                stdout=output,
                stderr=output,
                cwd="/",
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
            )
            output.seek(0)
            assert code == 0, output.read()
            return output.read()

    def sql(self, statement: str, database: str = "postgres") -> str:
        where = ["-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", database]
        return self.run("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", *where, "-c", statement).strip()

    def make(self) -> None:
        """The cluster, its certificate, and a role that owns the database `airflow`."""
        key, ca = authority("the tests' authority")
        self.ca.write_bytes(pem(ca))
        self.wrong_ca.write_bytes(pem(authority("another authority")[1]))
        own = ec.generate_private_key(ec.SECP256R1())
        (self.folder / "server.pem").write_bytes(
            pem(certificate("localhost", own.public_key(), "the tests' authority", key, authority=False))
        )
        private = self.folder / "server.key"
        private.touch(mode=0o600)
        private.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        rules = (
            "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"
        )
        (self.folder / "pg_hba.conf").write_text(rules)
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, "nobody")
        data = str(self.folder / "data")
        self.run("initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--auth=trust")

    def start(self) -> None:
        settings = {
            "port": str(self.port),
            "listen_addresses": "localhost",
            "unix_socket_directories": str(self.folder),
            "hba_file": str(self.folder / "pg_hba.conf"),
            "ssl": "on",
            "ssl_cert_file": str(self.folder / "server.pem"),
            "ssl_key_file": str(self.folder / "server.key"),
            "fsync": "off",
        }
        flags = shlex.join(part for key, value in settings.items() for part in ("-c", f"{key}={value}"))
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-D", str(self.folder / "data"), "-l", log, "-o", flags)
        self.sql(f"create role airflow login password '{PASSWORD}'")
        self.sql("create database airflow owner airflow")

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-m", "immediate", "-D", str(self.folder / "data"))


@contextmanager
def tls_postgres(bin: Path) -> Iterator[TlsPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="airflow-tls-"))
    folder.chmod(0o755)  # Airflow reads the authority's certificate there; the key in it is 0600
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = TlsPostgres(bin, folder, port)
    try:
        server.make()
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)
