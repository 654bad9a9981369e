"""A git repository behind an SSH server of this machine's own on loopback, which lets one deploy key read it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

import pytest

CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""


@dataclass
class SshGit:
    """`address` is the repository's; `known_hosts` the file with the server's key."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"ssh://{getuser()}@127.0.0.1:{self.port}{self.folder}/dags.git"

    @property
    def known_hosts(self) -> str:
        kind, key, *_ = (self.folder / "host_key.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {kind} {key}\n"

    def push(self, name: str, text: str, branch: str = "main", tag: str = "") -> str:
        """Commit a file below dags/ and push it; the commit."""
        work = self.folder / "work"
        file = work / "dags" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        as_me = ["git", "-C", str(work), "-c", "user.name=t", "-c", "user.email=t@localhost"]
        for words in (
            ["add", "-A"], ["commit", "-qm", name], *([["tag", tag]] if tag else []),
            ["push", "-q", "origin", f"HEAD:{branch}", *([tag] if tag else [])],
        ):  # fmt: skip
            subprocess.run([*as_me, *words], check=True, capture_output=True)
        done = subprocess.run([*as_me, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
        return done.stdout.strip()


@contextmanager
def served(folder: Path, public_key: str) -> Iterator[SshGit]:
    """Skips where the machine has no OpenSSH server."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if not sshd:
        pytest.skip("no sshd: Debian's package openssh-server has it")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # it wants this folder where it could change its user
    with socket.create_server(("127.0.0.1", 0)) as probe:
        made = SshGit(folder, probe.getsockname()[1])
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "host_key")], check=True)
    (folder / "authorized_keys").write_text(f"restrict {public_key}\n")
    (folder / "config").write_text(CONFIG.format(port=made.port, folder=folder))
    for words in (["init", "-q", "-b", "main", "--bare", "dags.git"], ["clone", "-q", "dags.git", "work"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    server = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    try:
        _wait(made.port)
        yield made
    finally:
        server.terminate()
        server.wait()


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("sshd did not start")
