"""Gives a release its roles and databases on a PostgreSQL server. Runs in the release's image, as often as one likes.

The server and its administrator come from libpq's own variables (PGHOST, PGUSER, PGPASSWORD, PGSSLMODE,
PGSSLROOTCERT). ROLES is a JSON object: a role → the login that comes in for it and the name of the variable with that
login's password. A role owns the database of its own name, to which nobody else may connect; its logins act as the
role, so that whatever one of them makes is the role's. `close` as argument ends every other login of the roles.
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


def give_role(connection, role: str) -> None:
    """Make the role where it is missing. One that an older version made may log in itself, until it is closed."""
    with connection.cursor() as cursor:
        if not exists(cursor, role):
            cursor.execute(
                sql.SQL("CREATE ROLE {} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(sql.Identifier(role))
            )
            say(f"role {role}: made")


def give_login(connection, role: str, login: str, password: str) -> None:
    """Let `login` act as the role, and set its password, of which only the SCRAM verifier travels."""
    names = sql.Identifier(login), sql.Identifier(role)
    with connection.cursor() as cursor:
        if not exists(cursor, login):
            cursor.execute(sql.SQL("CREATE ROLE {} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(names[0]))
            say(f"login {login}: made")
        cursor.execute(sql.SQL("GRANT {} TO {}").format(names[1], names[0]))
        cursor.execute(sql.SQL("ALTER ROLE {} SET role TO {}").format(*names))
        if not works(login, password, role):
            verifier = encrypt_password(password, login, connection, "scram-sha-256")
            cursor.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(names[0], sql.Literal(verifier)))
            say(f"login {login}: password set")


def exists(cursor, role: str) -> bool:
    """Whether the server has a role of this name."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    return cursor.fetchone() is not None


def works(login: str, password: str, database: str) -> bool:
    """Whether the login may already come in with this password; the database need not exist yet."""
    try:
        psycopg2.connect(user=login, password=password, dbname=database, connect_timeout=10).close()
    except psycopg2.OperationalError as error:
        return "does not exist" in str(error) and "database" in str(error)
    return True


def give_database(connection, role: str) -> None:
    """Make the role's database where it is missing, owned by the role and closed to everybody else."""
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        take_on(cursor, role)
        cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (role,))
        found = cursor.fetchone()
        if found is None:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(name, name))
            say(f"database {role}: made")
        elif found[0] != role:
            cursor.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, name))
            say(f"database {role}: owner set")
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def take_on(cursor, role: str) -> None:
    """A managed server's administrator may only act upon a role, its database and its sessions as a member of it."""
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    (superuser,) = cursor.fetchone()
    if not superuser:
        cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def close_others(connection, role: str, kept: str) -> None:
    """No login of the role but `kept` comes in any more, and those that are in are put out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname = ANY (%s) AND rolname <> %s",
            ([role, f"{role}__a", f"{role}__b"], kept),
        )
        for (login,) in cursor.fetchall():
            cursor.execute(sql.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(sql.Identifier(login)))
            take_on(cursor, login)
            cursor.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = %s", (login,))
            say(f"login {login}: closed, and {cursor.fetchone()[0]} of its connections")


def main() -> int:
    """Every role in ROLES; the first error ends it, as libpq words it."""
    try:
        connection = psycopg2.connect(dbname="postgres", connect_timeout=20)
        connection.autocommit = True
        for role, given in sorted(json.loads(os.environ["ROLES"]).items()):
            if sys.argv[1:] == ["close"]:
                close_others(connection, role, given["login"])
                continue
            give_role(connection, role)
            give_login(connection, role, given["login"], os.environ[given["password"]])
            give_database(connection, role)
            say(f"{role}: ready")
    except psycopg2.Error as error:
        sys.stderr.write(f"PostgreSQL at {os.environ.get('PGHOST')}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
