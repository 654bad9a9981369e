"""Where a checkout keeps its local environment: `.airflow/`, and elsewhere only what could not be reached there."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 104 bytes on macOS and 108 on Linux, the final NUL included (sys/un.h)
LONGEST_SOCKET_PATH = 103


@dataclass(frozen=True)
class Place:
    """The folders of one checkout's local environment."""

    checkout: Path

    @property
    def root(self) -> Path:
        """`.airflow`: everything that `make clean` removes, git-ignored."""
        return self.checkout / ".airflow"

    @property
    def venv(self) -> Path:
        """The virtualenv with Airflow and the image's requirements."""
        return self.root / "venv"

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME, and the working directory of Airflow's processes."""
        return self.root / "home"

    @property
    def run(self) -> Path:
        """The supervisor's socket and configuration: 0700."""
        return self.root / "run"

    @property
    def may_schedule(self) -> Path:
        """The file that the scheduler waits for: `make up` makes it."""
        return self.run / "may-schedule"

    @property
    def keys(self) -> Path:
        """Generated passwords and keys: a 0700 folder of 0600 files."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """One rotated log for each process."""
        return self.root / "logs"

    def folder(self, name: str, usable: Callable[[Path], bool]) -> Path:
        """`.airflow/<name>` where `usable` accepts it, else a private 0700 folder of this checkout under /var/tmp.

        Where that folder lies is written to `.airflow/<name>.elsewhere`, so that the next run finds it again.
        """
        record = self.root / f"{name}.elsewhere"
        if record.exists() and (known := Path(record.read_text().strip())).is_dir():
            return known
        wanted = self.root / name
        wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
        if usable(wanted):
            return wanted
        with contextlib.suppress(OSError):  # where the checkout was moved here, what it had stays until `make clean`
            wanted.rmdir()
        elsewhere = Path(tempfile.mkdtemp(prefix=f"airflow-{name}-", dir="/var/tmp"))
        record.write_text(f"{elsewhere}\n")
        return elsewhere

    def remove(self) -> None:
        """Remove everything, the folders elsewhere included."""
        for record in self.root.glob("*.elsewhere"):
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(record.read_text().strip())
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.root)


def holds_socket(folder: Path, name: str) -> bool:
    """Whether a unix socket `name` in that folder has a path that the kernel accepts."""
    return len(os.fsencode(folder / name)) <= LONGEST_SOCKET_PATH
