"""Makes the first administrator of the UI, or sets the password of the one that is there. Runs after the migration.

`airflow users create` would want the password among its arguments, where every process list shows it.
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import os
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder


def main() -> int:
    """ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD say who."""
    username, password = os.environ["ADMIN_USERNAME"], os.environ["ADMIN_PASSWORD"]
    with get_application_builder() as builder:
        users = builder.sm
        known = users.find_user(username=username)
        if known:
            done = users.reset_password(known.id, password)
        else:
            role = users.find_role("Admin")
            done = users.add_user(username, "Admin", "Airflow", os.environ["ADMIN_EMAIL"], role, password=password)
    if not done:
        sys.stderr.write(f"the administrator {username} could not be made; is the e-mail address another user's?\n")
        return 1
    sys.stdout.write(f"administrator {username}: ready\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
