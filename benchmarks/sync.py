"""The sync's figures: 1,000 connections and 5,000 variables on a real Airflow and PostgreSQL, beside Airflow's own CLI.

`.venv/bin/python -m benchmarks.sync [--connections N --variables N --sample N]`; needs `make .airflow/.installed`.
Wall-clock seconds of whole processes, Airflow's import included, as a Job in the cluster pays it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from local.postgres import Postgres, wheel_bin  # noqa: E402  needs the path above

VENV = ROOT / ".airflow" / "venv"
SYNC = ROOT / "infra" / "airflow" / "sync"
LIMIT = 20.0  # seconds, for the default sizes


def environment(home: Path, url: str) -> dict[str, str]:
    return {
        "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__FERNET_KEY": "YmVuY2htYXJrLW9ubHkta2V5LW9mLTMyLWJ5dGVzISE=",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
    }


def settings(connections: int, variables: int, password: str) -> str:
    """JSON, which is YAML: every connection with all its fields, every variable with 100 characters."""
    fields = {
        "type": "postgres",
        "host": "db",
        "login": "u",
        "port": 5432,
        "schema": "dw",
        "extra": {"sslmode": "require"},
    }
    return json.dumps(
        {
            "airflow": {
                "connections": [{"id": f"c{n}", "password": f"{password}{n}", **fields} for n in range(connections)],
                "variables": {f"v{n}": f"{password}{n:>100}" for n in range(variables)},
            }
        }
    )


def timed(command: Sequence[str | Path], env: dict[str, str], given: str = "") -> tuple[float, str]:
    """Seconds and last line of a process; a failing one ends the benchmark with what it said."""
    begin = time.perf_counter()
    done = subprocess.run(command, env=env, input=given, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return seconds, done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def cli(sample: int, env: dict[str, str]) -> float:
    """Seconds for one entry by `airflow connections add` and `airflow variables set`, the mean of `sample` of each."""
    airflow = VENV / "bin" / "airflow"
    total = 0.0
    for number in range(sample):
        uri = f"postgres://u:p{number}@db:5432/dw?sslmode=require"
        total += timed([airflow, "connections", "add", f"cli{number}", "--conn-uri", uri], env)[0]
        total += timed([airflow, "variables", "set", f"cli{number}", f"{number:>100}"], env)[0]
    return total / (2 * sample)


def run(connections: int, variables: int, sample: int, folder: Path) -> bool:
    """Print the figures; whether the first run and the change stayed within the limit."""
    folder.chmod(0o711)  # the server's own account passes through
    postgres = Postgres(folder / "postgres", wheel_bin(VENV))
    postgres.start()
    try:
        postgres.create_database("airflow")
        home = folder / "home"
        home.mkdir()
        env = environment(home, postgres.url("airflow"))
        timed([VENV / "bin" / "airflow", "db", "migrate"], env)
        command = [VENV / "bin" / "python", SYNC, "-"]
        count, slowest = connections + variables, 0.0
        for name, text in (
            ("first run", settings(connections, variables, "p")),
            ("second, no change", settings(connections, variables, "p")),
            ("all changed", settings(connections, variables, "q")),
            ("all removed", "airflow: {}"),
        ):
            seconds, said = timed(command, env, text)
            slowest = max(slowest, seconds)
            sys.stdout.write(f"{name:<18} {seconds:7.2f} s   {count} entries: {said}\n")
        one = cli(sample, env)
        sys.stdout.write(
            f"one CLI call       {one:7.2f} s   mean of {2 * sample}; all {count} so: {one * count:,.0f} s\n"
        )
        sys.stdout.write(f"ratio              {one * count / slowest:7.0f} x   CLI, one by one, to the slowest run\n")
    finally:
        postgres.stop()
    return slowest < LIMIT


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--variables", type=int, default=5000)
    parser.add_argument("--sample", type=int, default=3, help="CLI calls of each kind")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="airflow-benchmark-"))
    try:
        within = run(options.connections, options.variables, options.sample, folder)
    finally:
        shutil.rmtree(folder)
    if not within:
        sys.stdout.write(f"slower than {LIMIT:.0f} s\n")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
