"""Airflow's scheduler, which begins when a file is there: python scheduler.py FILE airflow scheduler [OPTION ...]

A task that finds no api-server fails before it has begun, so `make up` makes the file when that one answers and the
settings are in the database. Meanwhile this process imports what takes the scheduler seconds.
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import sys
import time
from pathlib import Path

import airflow.cli.commands.scheduler_command
import airflow.executors.local_executor  # noqa: F401
from airflow.__main__ import main

POLL_SECONDS = 0.1

if __name__ == "__main__":
    gate = Path(sys.argv[1])
    while not gate.exists():
        time.sleep(POLL_SECONDS)
    sys.argv = sys.argv[2:]
    sys.exit(main())
