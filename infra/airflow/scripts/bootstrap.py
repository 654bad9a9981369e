"""Gives a release its roles and databases on a PostgreSQL server. Runs in the release's image, as often as one likes.

The server and its administrator come from libpq's own variables (PGHOST, PGUSER, PGPASSWORD, PGSSLMODE,
PGSSLROOTCERT); ROLES is a JSON object of role name → name of the variable with its password. Each role owns the
database of its own name, and nobody else may connect to that.
"""

# pyright: basic, reportMissingModuleSource=false, reportMissingImports=false
from __future__ import annotations

import json
import os
import sys

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password


def say(line: str) -> None:
    """A line of the Job's log."""
    sys.stdout.write(f"{line}\n")


def give_role(connection, role: str, password: str) -> None:
    """Make the role where it is missing, and set its password, of which only the SCRAM verifier travels."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        new = cursor.fetchone() is None
        if new:
            cursor.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(sql.Identifier(role))
            )
            say(f"role {role}: made")
        if new or not works(role, password):
            verifier = encrypt_password(password, role, connection, "scram-sha-256")
            cursor.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
            )
            say(f"role {role}: password set")


def works(role: str, password: str) -> bool:
    """Whether the role may already come in with this password; its database need not exist yet."""
    try:
        psycopg2.connect(user=role, password=password, dbname=role, connect_timeout=10).close()
    except psycopg2.OperationalError as error:
        return "does not exist" in str(error) and "database" in str(error)
    return True


def give_database(connection, role: str) -> None:
    """Make the role's database where it is missing, owned by the role and closed to everybody else."""
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        (superuser,) = cursor.fetchone()
        if not superuser:  # a managed server's administrator, who may only hand a database to a role he can become
            cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
        cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (role,))
        found = cursor.fetchone()
        if found is None:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(name, name))
            say(f"database {role}: made")
        elif found[0] != role:
            cursor.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, name))
            say(f"database {role}: owner set")
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def main() -> int:
    """Every role in ROLES; the first error ends it, as libpq words it."""
    try:
        connection = psycopg2.connect(dbname="postgres", connect_timeout=20)
        connection.autocommit = True
        for role, variable in sorted(json.loads(os.environ["ROLES"]).items()):
            give_role(connection, role, os.environ[variable])
            give_database(connection, role)
            say(f"{role}: ready")
    except psycopg2.Error as error:
        sys.stderr.write(f"PostgreSQL at {os.environ.get('PGHOST')}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
