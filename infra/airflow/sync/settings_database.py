"""One run against Airflow's database: one lock, one transaction."""
# pyright: basic, reportMissingImports=false
# (Airflow is not in the development environment; this runs inside an Airflow image.)

from typing import Any

import settings_rows
import settings_users
from airflow.exceptions import AirflowException
from airflow.models.crypto import get_fernet
from airflow.settings import get_engine
from settings_encryption import unreadable
from settings_ledger import LEDGER
from settings_report import Failure, Report
from settings_rules import Settings
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

LOCK = 0x5E771465  # any number that Airflow's own advisory locks (airflow.utils.db.DBLocks) do not use
LOCK_SECONDS = 300
UNDEFINED_TABLE, LOCK_NOT_AVAILABLE = "42P01", "55P03"


def run(settings: Settings, passwords: Any | None, administrator: str | None = None) -> Report:
    """Make the database match; `passwords` is where generated ones go, None where there is no place for them.

    `administrator` is the user of the stack itself, whom the settings may name but not demote.
    """
    try:
        encrypts = get_fernet().is_encrypted
    except AirflowException:
        raise Failure("AIRFLOW__CORE__FERNET_KEY is no Fernet key: 32 bytes in URL-safe base64") from None
    if not encrypts:
        raise Failure("this Airflow has no fernet key (AIRFLOW__CORE__FERNET_KEY): secrets would lie there in clear")
    wanted = settings_rows.rows(settings)
    engine = get_engine()
    if engine.dialect.name != "postgresql":
        raise Failure(f"the sync needs PostgreSQL, this Airflow's database is {engine.dialect.name}")
    for last in (False, False, True):
        try:
            return transaction(engine, wanted, settings, passwords, administrator)
        except IntegrityError as error:  # a person made the very same thing at the very same time
            if last:
                raise Failure(f"the database refused a change: {named(error)}") from None
        except DBAPIError as error:
            raise Failure(explained(error)) from None
    raise AssertionError("unreachable")


def transaction(
    engine: Any, wanted: list, settings: Settings, passwords: Any | None, administrator: str | None
) -> Report:
    report = Report()
    with Session(engine, autoflush=False) as session, session.begin():
        session.execute(text(f"set local lock_timeout = '{LOCK_SECONDS}s'"))
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        if problem := unreadable(session.connection(), get_fernet().decrypt, LEDGER.schema):
            raise Failure(problem)
        LEDGER.create(session.connection(), checkfirst=True)
        for kind, entries in wanted:
            settings_rows.sync(session, kind, entries, report)
        new, gone = settings_users.sync(session, settings.users, passwords is not None, administrator, report)
        session.flush()
        if passwords and (new or gone):
            # before the commit: a crash between the two leaves a password without a user, which the next run replaces,
            # and never a user whose password nobody knows
            passwords.update(new, gone)
    return report


def named(error: DBAPIError) -> str:
    """What may be said of an error: its code and constraint. The whole text holds the statement's values."""
    diagnostics = getattr(error.orig, "diag", None)
    constraint = getattr(diagnostics, "constraint_name", None)
    code = getattr(error.orig, "pgcode", None)
    return " ".join(filter(None, [type(error.orig).__name__, code, constraint]))


def explained(error: DBAPIError) -> str:
    code = getattr(error.orig, "pgcode", None)
    if code == UNDEFINED_TABLE:
        return "Airflow's tables are not in the database: run `airflow db migrate` first"
    if code == LOCK_NOT_AVAILABLE:
        return f"another sync, or an open transaction, has held the settings for {LOCK_SECONDS} seconds"
    if isinstance(error, OperationalError) and error.statement is None:  # the connection itself, so no value
        return f"the database cannot be reached: {str(error.orig).strip()}"
    return f"the database refused a statement: {named(error)}"
