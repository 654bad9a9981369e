"""Gives the UI's user `admin` the password on standard input; runs in Airflow's environment, after the migration.

`airflow users create` would show the password in the list of processes.
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

USER = "admin"


def main() -> None:
    """Create the user, or set the password of the one that is there."""
    password = sys.stdin.readline().rstrip("\n")
    with get_application_builder() as builder:
        users = builder.sm
        known = users.find_user(username=USER)
        if known:
            done = users.reset_password(known.id, password)
        else:
            role = users.find_role("Admin")
            done = users.add_user(USER, "Admin", "Local", "admin@localhost", role, password=password)
    sys.exit(0 if done else f"could not set the password of {USER}")


if __name__ == "__main__":
    main()
