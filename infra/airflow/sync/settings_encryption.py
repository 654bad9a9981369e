"""Whether the Fernet key reads what Airflow's database holds; looked at before anything is written.

Run by itself, before `airflow db migrate`, with Airflow's own environment (AIRFLOW__DATABASE__SQL_ALCHEMY_CONN,
AIRFLOW__CORE__FERNET_KEY). Exit code: 0 all can be read, or there is nothing yet; 1 not, with the cure. Writes none.
"""
# pyright: basic, reportMissingImports=false
# (SQLAlchemy and cryptography are not in the development environment; this runs inside an Airflow image.)

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Boolean, Text, column, create_engine, inspect, or_, select, table
from sqlalchemy.exc import OperationalError

Decrypt = Callable[[bytes], bytes]
SHOWN = 10  # names a table
ROWS = 1000  # fetched at once: variables may be large


@dataclass(frozen=True)
class Encrypted:
    """One of Airflow's tables: columns that hold ciphertext, each with the column that says so.

    None: all but JSON in the clear is (`Trigger._decrypt_kwargs` in airflow/models/trigger.py).
    """

    noun: str
    table: str
    key: str
    columns: dict[str, str | None]


# What `airflow rotate-fernet-key` goes through (airflow/cli/commands/rotate_fernet_key_command.py, 3.3.2)
_FIELDS: dict[str, str | None] = {"password": "is_encrypted", "extra": "is_extra_encrypted"}
TABLES = (
    Encrypted("connection", "connection", "conn_id", _FIELDS),
    Encrypted("variable", "variable", "key", {"val": "is_encrypted"}),
    Encrypted("trigger of a deferred task", "trigger", "id", {"kwargs": None}),
    Encrypted("connection test", "connection_test_request", "connection_id", _FIELDS),
)
CURE = """\
Another key encrypted them, and Airflow would fail wherever it needs one. Put that key back behind the present one:
  on a stack `make rotate-fernet STACK=… RELEASE=… EARLIER=COMMIT`, a commit whose stack file holds it, or EARLIER=- to
  pipe it in; elsewhere AIRFLOW__CORE__FERNET_KEY=PRESENT,EARLIER and then `airflow rotate-fernet-key`.
If it is lost: delete these in the Airflow that runs (`airflow connections delete`, `airflow variables delete`; mark the
deferred tasks as failed), then deploy again."""


def unreadable(connection: Any, decrypt: Decrypt, schema: str | None = None) -> str:
    """What `decrypt` cannot read of a database, by name, with the cure; nothing where it reads all. Holds no value."""
    there = inspect(connection)
    found: list[str] = []
    for one in TABLES:
        if there.has_table(one.table, schema=schema):
            names = [str(name) for name in _unreadable(connection, one, decrypt, schema)]
            if names:
                more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
                found.append(f"{len(names)} × {one.noun}: {', '.join(names[:SHOWN])}{more}")
    if not found:
        return ""
    return "\n  ".join(["the Fernet key does not read what is in the database:", *found]) + f"\n{CURE}"


def _unreadable(connection: Any, one: Encrypted, decrypt: Decrypt, schema: str | None) -> Iterator[Any]:
    flags = [flag for flag in one.columns.values() if flag]
    texts, marks = [column(name, Text) for name in one.columns], [column(flag, Boolean) for flag in flags]
    source = table(one.table, column(one.key), *texts, *marks, schema=schema)
    query = select(source).order_by(source.c[one.key])
    if marks:
        query = query.where(or_(*(source.c[flag] for flag in flags)))
    for row in connection.execute(query, execution_options={"yield_per": ROWS}).mappings():
        held = [(row[name], row[flag] if flag else row[name][:1] != "{") for name, flag in one.columns.items()]
        if not all(_reads(decrypt, text) for text, encrypted in held if text and encrypted):
            yield row[one.key]


def _reads(decrypt: Decrypt, text: str) -> bool:
    try:
        decrypt(text.encode())
    except InvalidToken:
        return False
    return True


def own_key(text: str) -> Decrypt:
    """What decrypts with Airflow's key, one or several with commas. Raises ValueError, which holds no key."""
    if not text:
        raise ValueError("AIRFLOW__CORE__FERNET_KEY is empty")
    try:
        return MultiFernet([Fernet(part.encode()) for part in text.split(",")]).decrypt
    except ValueError:
        raise ValueError("AIRFLOW__CORE__FERNET_KEY is no Fernet key: 32 bytes in URL-safe base64") from None


def main() -> int:
    try:
        decrypt = own_key(os.environ.get("AIRFLOW__CORE__FERNET_KEY", ""))
        engine = create_engine(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        with engine.connect() as connection:
            problem = unreadable(connection, decrypt)
    except ValueError as error:
        problem = str(error)
    except OperationalError as error:  # the connection itself, so that its text holds no value
        problem = f"the database cannot be reached: {str(error.orig).strip()}"
    if problem:
        sys.stderr.write(f"error: {problem}\nnothing was changed\n")
        return 1
    sys.stdout.write("the Fernet key reads what is in the database\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
