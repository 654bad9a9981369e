"""Deletes what is old from Airflow's metadata database, table by table: python clean_database.py DAYS [TABLE ...]

What is old, and what stays though it is, are Airflow's own rules (`airflow db clean`). Its command takes the tables in
the order of a set and ends with the first row that a foreign key holds: a removed DAG whose last run has a task that
never started is enough, and what had not had its turn was never cleaned. Here what refers goes before what is referred
to, a row that something holds is left out, and a table that fails is told of at the end: the exit code is 1.
"""

# pyright: basic, reportMissingModuleSource=false, reportMissingImports=false
from __future__ import annotations

import sys
from datetime import timedelta

from airflow._shared.timezones import timezone
from airflow.settings import get_engine
from airflow.utils import db_cleanup
from airflow.utils.session import create_session
from sqlalchemy import MetaData, and_, exists, literal_column, or_
from sqlalchemy.exc import SQLAlchemyError

BATCH = 10_000
"""Rows of one transaction: what was deleted stays deleted when the Job's time is over."""

CLEANED_ROW = "base"
"""The alias of the table that is cleaned, in Airflow's query."""


def in_order(metadata: MetaData, chosen: list[str]) -> list[str]:
    """The tables to clean that are there: what refers to another before that one, `dag`, on which most hangs, last."""
    known = chosen or list(db_cleanup.config_dict)
    there = [table.name for table in reversed(metadata.sorted_tables) if table.name in known]
    return sorted(there, key=lambda name: name == "dag")


def holders(table, column_of, path=()) -> list:
    """Conditions, one of which is true where something keeps the row from being deleted.

    `column_of` gives the row's columns by name. What is deleted with the row (ON DELETE CASCADE) may itself be held.
    """
    found = []
    for child in table.metadata.tables.values():
        for key in child.foreign_key_constraints:
            rule = (key.ondelete or "NO ACTION").upper()
            if key.referred_table is not table or child in path or rule in ("SET NULL", "SET DEFAULT"):
                continue
            rows = child.alias()
            refers = and_(*(rows.c[one.parent.name] == column_of(one.column.name) for one in key.elements))
            if rule != "CASCADE":
                found.append(exists().where(refers))
            elif deeper := holders(child, rows.c.__getitem__, (*path, table)):
                found.append(exists().where(refers, or_(*deeper)))
    return found


def clean(metadata: MetaData, name: str, before) -> None:
    """One table, as `airflow db clean --skip-archive` does it, but for rows that something holds."""
    config = db_cleanup.config_dict[name]
    held = holders(metadata.tables[name], lambda column: literal_column(f"{CLEANED_ROW}.{column}"))
    filters = [*(config.extra_filters or ()), *(~one for one in held)]
    with create_session() as session:
        # the public function adds tables of its own, and hides why one failed
        db_cleanup._cleanup_table(
            **{**vars(config), "extra_filters": filters},
            clean_before_timestamp=before,
            dry_run=False,
            skip_archive=True,
            batch_size=BATCH,
            session=session,
        )


def main(arguments: list[str]) -> int:
    """Clean once; 1 where a table could not be cleaned, 2 for a table that Airflow does not clean."""
    days, chosen = int(arguments[0]), arguments[1:]
    unknown = sorted(set(chosen) - set(db_cleanup.config_dict))
    if unknown:
        sys.stderr.write(f"no tables to clean: {', '.join(unknown)}; take of {', '.join(db_cleanup.config_dict)}\n")
        return 2
    before, metadata = timezone.utcnow() - timedelta(days=days), MetaData()
    metadata.reflect(get_engine())
    tables, failed = in_order(metadata, chosen), {}
    for name in tables:
        try:
            clean(metadata, name, before)
        except SQLAlchemyError as error:
            failed[name] = str(getattr(error, "orig", None) or error).strip()
            sys.stdout.write(f"{name} failed: {failed[name]}\n")
    sys.stdout.write(f"\n{len(tables) - len(failed)} of {len(tables)} tables cleaned of what is older than {before}\n")
    for name, why in failed.items():
        sys.stderr.write(f"{name} was not cleaned: {why}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
