"""Keeps a share of logs within its bounds: deletes files that are too old, then the oldest until the rest fits.

    python rotate_logs.py FOLDER DAYS GIB

Logs of tasks that still run are the newest and go last. Prints what it did.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

FILL = 0.85
"""Part of the share that is left in use when it was too full."""


def files(folder: Path) -> list[tuple[float, int, Path]]:
    """Every file with its time of change and its size, the oldest first."""
    found: list[tuple[float, int, Path]] = []
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime, status.st_size, path))
    return sorted(found)


def surplus(found: list[tuple[float, int, Path]], before: float, limit: float) -> list[Path]:
    """Files changed before that time, and of the rest the oldest as long as the sum is above the limit (bytes)."""
    old = [path for changed, _, path in found if changed < before]
    kept = [entry for entry in found if entry[0] >= before]
    total = sum(size for _, size, _ in kept)
    for _, size, path in kept:
        if total <= limit:
            break
        old.append(path)
        total -= size
    return old


def prune(folder: Path) -> None:
    """Folders that nothing is left in; one that a task has just made stays, as it is younger than an hour."""
    recent = time.time() - 3600
    for root, _, _ in os.walk(folder, topdown=False):
        path = Path(root)
        if path != folder and path.stat().st_mtime < recent:
            try:
                path.rmdir()
            except OSError:
                continue


def main(arguments: list[str]) -> int:
    """Rotate once."""
    folder, days, gib = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    found = files(folder)
    gone = surplus(found, time.time() - days * 86400, gib * 2**30 * FILL)
    for path in gone:
        path.unlink(missing_ok=True)
    prune(folder)
    sys.stdout.write(f"{len(gone)} of {len(found)} files deleted\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
