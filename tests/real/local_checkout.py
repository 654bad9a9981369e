"""A checkout of its own with `make up` in it, for the tests: a newcomer's clone, with what is not committed yet."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.real.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Checkout:
    """A copy of this checkout in a folder, and the port that its Airflow is to have."""

    folder: Path
    port: int

    @staticmethod
    def fresh(folder: Path, *, installed_by: "Checkout | None" = None) -> "Checkout":
        """Copy what git knows or would add; with `installed_by`, that one's virtualenvs serve here too."""
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0"):
            if name and (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        if installed_by:
            (folder / ".airflow").mkdir()
            (folder / ".venv").symlink_to(installed_by.folder / ".venv")
            (folder / ".airflow" / "venv").symlink_to(installed_by.folder / ".airflow" / "venv")
            (folder / ".airflow" / ".installed").touch()
        return Checkout(folder, free_port())

    @property
    def environment(self) -> dict[str, str]:
        cache = os.environ.get("UV_CACHE_DIR", str(ROOT / ".tools" / "uv"))
        return {**os.environ, "UV_CACHE_DIR": cache, "MAKEFLAGS": "", "PORT": str(self.port)}

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", *words]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            check=False,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def start(self) -> str:
        done = self.make("start")
        assert done.returncode == 0, done.stdout
        return done.stdout

    def stop(self) -> None:
        done = self.make("stop")
        assert done.returncode == 0, done.stdout

    @property
    def secret(self) -> Path:
        return self.folder / "settings" / "local" / "secret.yaml"

    @property
    def password(self) -> str:
        return (self.folder / ".airflow" / "keys" / "admin-password").read_text().strip()

    def processes(self) -> list[psutil.Process]:
        """Everything that runs out of this checkout, found by command line or folder: not by `make up`'s own marks."""
        # where the database's account cannot reach the checkout, its data lies elsewhere
        folders = [str(self.folder), *(file.read_text().strip() for file in self.folder.glob(".airflow/*.elsewhere"))]
        found = []
        for process in psutil.process_iter():
            try:
                told = [*process.cmdline(), process.cwd()]
            except (psutil.Error, OSError):
                continue
            if any(folder in text for text in told for folder in folders) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def main_process(self, service: str) -> psutil.Process | None:
        """A service's own process: the guard's child."""
        for process in self.processes():
            try:
                if process.cmdline()[-3:] == ["-m", "local.guard", service] and process.children():
                    return process.children()[0]
            except (psutil.Error, IndexError):
                continue
        return None

    def healthy(self) -> bool:
        return self.make("status").returncode == 0

    def api(self) -> httpx.Client:
        login = {"username": "admin", "password": self.password}
        base = f"http://127.0.0.1:{self.port}"
        token = httpx.post(f"{base}/auth/token", json=login, timeout=PATIENCE).raise_for_status().json()["access_token"]
        return httpx.Client(base_url=f"{base}/api/v2", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)
