"""`make check-dags`: what pull requests run over dags/ and plugins/, without a database or anything that runs."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from local import environment
from local.place import Place

FLAKE8 = ("--max-line-length", "120", "--max-complexity", "12", "--statistics")
_LOAD = Path("local", "scripts", "load_dags.py")


def check(place: Place, console: Console) -> int:
    """Print load times, import errors and flake8's findings; 0 where there are none, 1 otherwise."""
    loaded = _load(place)
    table = Table("file", "DAGs", "tasks", "load time", box=None, pad_edge=False)
    for file in sorted(loaded["files"], key=lambda one: -one["seconds"]):
        table.add_row(file["file"], str(file["dags"]), str(file["tasks"]), f"{file['seconds']:.3f} s")
    console.print(table)
    for file, text in loaded["errors"].items():
        console.print(f"\n[red]{file}[/]")
        console.print(text.rstrip(), markup=False)
    linted = subprocess.run(
        [place.venv / "bin" / "flake8", *FLAKE8, "dags", "plugins"], cwd=place.checkout, check=False
    )
    dags = sum(file["dags"] for file in loaded["files"])
    console.print(
        f"\n{dags} DAGs, {len(loaded['errors'])} errors; flake8: {'clean' if not linted.returncode else 'see above'}"
    )
    return 1 if loaded["errors"] or linted.returncode else 0


def _load(place: Place) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        home, result = Path(folder), Path(folder, "result.json")
        variables = environment.without_database(place, home)
        subprocess.run(
            [place.venv / "bin" / "python", _LOAD, place.checkout / "dags", result],
            cwd=place.checkout,
            env=variables,
            check=True,
            process_group=0,  # Ctrl-C is ours to hear: it would answer with a traceback from wherever it is
        )
        return json.loads(result.read_text())
