"""Drops a release's databases, roles and logins from a PostgreSQL server. Runs in an Airflow image, as often as needed.

The server and its administrator come from libpq's own variables; ROLES is a JSON list. Each role owns the database of
its name, and its logins end in `__a` and `__b`, as bootstrap.py makes them.
"""

# pyright: basic, reportMissingModuleSource=false, reportMissingImports=false
from __future__ import annotations

import json
import os
import sys

import psycopg2
from psycopg2 import sql


def drop(cursor, role: str) -> None:
    """A managed server's administrator ends a session, or drops what a role owns, as a member of it alone."""
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", ([f"{role}__a", f"{role}__b", role],))
    there = [sql.Identifier(name) for (name,) in cursor.fetchall()]
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not cursor.fetchone()[0]:
        for name in there:
            cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
    cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(role)))
    if there:
        cursor.execute(sql.SQL("DROP ROLE {}").format(sql.SQL(", ").join(there)))


def main() -> int:
    """Every role in ROLES; the first error ends it, as libpq words it."""
    try:
        connection = psycopg2.connect(dbname="postgres", connect_timeout=20)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for role in json.loads(os.environ["ROLES"]):
                drop(cursor, role)
                sys.stdout.write(f"{role}: dropped\n")
    except psycopg2.Error as error:
        sys.stderr.write(f"PostgreSQL at {os.environ.get('PGHOST')}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
