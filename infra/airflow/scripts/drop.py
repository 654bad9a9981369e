"""Drops a release's databases and roles from a PostgreSQL server. Runs in an Airflow image, as often as one likes.

The server and its administrator come from libpq's own variables; ROLES is a JSON list. Each role owns the database of
its name.
"""

# pyright: basic, reportMissingModuleSource=false, reportMissingImports=false
from __future__ import annotations

import json
import os
import sys

import psycopg2
from psycopg2 import sql


def main() -> int:
    """Every role in ROLES; the first error ends it, as libpq words it."""
    try:
        connection = psycopg2.connect(dbname="postgres", connect_timeout=20)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for role in json.loads(os.environ["ROLES"]):
                name = sql.Identifier(role)
                cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
                cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
                sys.stdout.write(f"{role}: dropped\n")
    except psycopg2.Error as error:
        sys.stderr.write(f"PostgreSQL at {os.environ.get('PGHOST')}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
