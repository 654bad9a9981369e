"""Makes a folder hold exactly the files of a tar archive on standard input: python receive.py FOLDER < files.tar

Each file appears whole, under its own name, or not at all; what the archive does not have is deleted last.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO


def receive(folder: Path, archive: IO[bytes]) -> tuple[int, int]:
    """How many files were written and how many deleted. Raises ValueError for a path that leads out of the folder."""
    kept: set[Path] = set()
    with tarfile.open(fileobj=archive, mode="r|*") as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if name.is_absolute() or ".." in name.parts:
                raise ValueError(f"{member.name} leads out of the folder")
            source = tar.extractfile(member) if member.isfile() else None
            if source is not None:
                path = folder / name
                _write(path, source.read())
                kept.add(path)
    gone = [path for path in folder.rglob("*") if not path.is_dir() and path not in kept]
    for path in gone:
        path.unlink(missing_ok=True)
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    return len(kept), len(gone)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file() and path.read_bytes() == content:
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".upload-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).chmod(0o664)
    Path(name).replace(path)


if __name__ == "__main__":
    written, deleted = receive(Path(sys.argv[1]), sys.stdin.buffer)
    sys.stdout.write(f"{sys.argv[1]}: {written} files, {deleted} deleted\n")
