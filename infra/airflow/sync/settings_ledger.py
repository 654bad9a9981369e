"""What the sync made or took over, kept in Airflow's database."""
# pyright: basic, reportMissingImports=false
# (Airflow is not in the development environment; this runs inside an Airflow image.)

from dataclasses import dataclass
from typing import Any

from airflow.models.base import _get_schema
from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

# What the sync made or took over. A table of our own: Airflow's migrations and the UI leave it alone, no DAG can read
# it, and it outlives every pod. `row_id` tells an entry that a person deleted and made anew from the one made here.
LEDGER = Table(
    "settings_sync_ledger",
    MetaData(schema=_get_schema()),
    Column("kind", String(20), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("row_id", Integer, nullable=False),
    Column("made", Boolean, nullable=False),  # False: it was there before; kept as the file says, but never deleted
)


@dataclass(frozen=True)
class Owned:
    """An entry of the ledger."""

    row_id: int
    made: bool


def owned(session: Any, noun: str) -> dict[str, Owned]:
    """The ledger's entries of one kind by name."""
    found = session.execute(select(LEDGER).where(LEDGER.c.kind == noun))
    return {row.name: Owned(row.row_id, row.made) for row in found}


def remember(session: Any, noun: str, entries: dict[str, Owned], before: dict[str, Owned]) -> None:
    """Write the ledger of one kind where it changed."""
    changed = [
        {"kind": noun, "name": name, "row_id": entry.row_id, "made": entry.made}
        for name, entry in entries.items()
        if before.get(name) != entry
    ]
    if changed:
        statement = insert(LEDGER)
        statement = statement.on_conflict_do_update(
            index_elements=["kind", "name"],
            set_={"row_id": statement.excluded.row_id, "made": statement.excluded.made},
        )
        session.execute(statement, changed)
    gone = [name for name in before if name not in entries]
    if gone:
        session.execute(delete(LEDGER).where(LEDGER.c.kind == noun, LEDGER.c.name.in_(gone)))
