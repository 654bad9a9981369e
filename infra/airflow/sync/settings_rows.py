"""Connections, variables and pools of the settings into Airflow's tables, in bulk, with Airflow's own encryption."""
# pyright: basic, reportMissingImports=false
# (Airflow is not in the development environment; this runs inside an Airflow image.)

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow.models.connection import Connection
from airflow.models.crypto import get_fernet
from airflow.models.pool import Pool
from airflow.models.variable import Variable
from settings_file import BadSettings
from settings_ledger import Owned, owned, remember
from settings_report import Report
from settings_rules import Settings
from sqlalchemy import Table, delete, literal_column, select
from sqlalchemy.dialects.postgresql import insert

ENTRY_UNLIKE_ANY = object()


@dataclass(frozen=True)
class Kind:
    """One of Airflow's tables: `plain` decrypts a row to what the settings say, `stored` encrypts it."""

    noun: str
    table: Table
    key: str
    plain: Callable[[Any], dict[str, Any]]
    stored: Callable[[dict[str, Any]], dict[str, Any]]
    untouched: tuple[str, ...] = ()  # fields that stay as they are where the settings do not name them


def decrypted(value: str | None, encrypted: bool) -> Any:
    """The text behind a stored value; what lies there unencrypted equals nothing and so is written again."""
    if value is None:
        return None
    if not encrypted:
        return ENTRY_UNLIKE_ANY
    return get_fernet().decrypt(value.encode()).decode()


def connection(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The fields that Airflow's own model makes of `given`; what it refuses raises ValueError without the value.

    Not by the constructor's `password` and `uri`: each of those adds a pattern to the log masker, which compiles all of
    them again, and 1,000 take minutes.
    """
    model = Connection(conn_id=name)
    if uri := given.get("uri"):
        try:
            model._parse_from_uri(uri)
        except Exception:
            raise ValueError("Airflow cannot read this URI") from None
    fields = ("conn_type", "host", "schema", "login", "password", "port", "extra")
    made = {field: getattr(model, field) if uri else given[field] for field in fields}
    # `generic` is what `airflow connections add` takes where no type is given; the column must not be empty
    return {
        **made,
        "conn_type": made["conn_type"] or "generic",
        "password": made["password"] or None,
        "extra": made["extra"] or None,
        "description": given["description"],
    }


def connection_plain(row: Any) -> dict[str, Any]:
    return {
        **{field: getattr(row, field) for field in ("conn_type", "description", "host", "schema", "login", "port")},
        "password": decrypted(row.password or None, row.is_encrypted),
        "extra": decrypted(row.extra or None, row.is_extra_encrypted),
    }


def connection_stored(plain: dict[str, Any]) -> dict[str, Any]:
    model = Connection()
    model.password, model.extra = plain["password"], plain["extra"]
    return {
        **plain,
        "password": model._password,
        "extra": model._extra,
        "is_encrypted": bool(model.is_encrypted),
        "is_extra_encrypted": bool(model.is_extra_encrypted),
    }


def variable_plain(row: Any) -> dict[str, Any]:
    return {"val": decrypted(row.val, row.is_encrypted)}


def variable_stored(plain: dict[str, Any]) -> dict[str, Any]:
    model = Variable(val=plain["val"])
    return {"val": model._val, "is_encrypted": bool(model.is_encrypted)}


def pool_plain(row: Any) -> dict[str, Any]:
    return {"slots": row.slots, "description": row.description, "include_deferred": row.include_deferred}


CONNECTION = Kind(
    "connection", Connection.__table__, "conn_id", connection_plain, connection_stored, untouched=("description",)
)
VARIABLE = Kind("variable", Variable.__table__, "key", variable_plain, variable_stored)
POOL = Kind("pool", Pool.__table__, "pool", pool_plain, dict, untouched=("description", "include_deferred"))
POOL_DEFAULTS = {"description": "", "include_deferred": False}


def rows(settings: Settings) -> list[tuple[Kind, dict[str, dict[str, Any]]]]:
    """What the tables shall hold, by kind and name; raises BadSettings for connections that Airflow refuses."""
    problems: list[str] = []
    connections: dict[str, dict[str, Any]] = {}
    for name, given in settings.connections.items():
        try:
            connections[name] = connection(name, given)
        except ValueError as error:
            problems.append(f"airflow.connections ({name}): {error}")
    if problems:
        raise BadSettings(problems)
    variables = {name: {"val": text} for name, text in settings.variables.items()}
    return [(CONNECTION, connections), (VARIABLE, variables), (POOL, settings.pools)]


def sync(session: Any, kind: Kind, wanted: dict[str, dict[str, Any]], report: Report) -> None:
    """Make one table match `wanted` inside the caller's transaction."""
    ledger = owned(session, kind.noun)
    key = kind.table.c[kind.key]
    names = [*wanted, *(name for name in ledger if name not in wanted)]
    there = {row._mapping[kind.key]: row for row in session.execute(select(kind.table).where(key.in_(names)))}
    write: list[dict[str, Any]] = []
    for name, given in wanted.items():
        row = there.get(name)
        now = kind.plain(row) if row else POOL_DEFAULTS if kind is POOL else {}
        plain = {f: now.get(f) if v is None and f in kind.untouched else v for f, v in given.items()}
        differs = sorted(field for field, value in plain.items() if not row or now[field] != value)
        if differs:
            write.append({kind.key: name, **kind.stored(plain)})
        known = row is not None and name in ledger and ledger[name].row_id == row.id
        report.entry(kind.noun, name, "created" if not row else "kept" if known else "adopted", differs if row else [])
    made = upsert(session, kind, write)
    gone = [name for name in ledger if name not in wanted]
    remove = [n for n in gone if n in there and ledger[n].row_id == there[n].id and ledger[n].made]
    for name in gone:
        report.entry(kind.noun, name, "deleted" if name in remove else "left" if name in there else "forgotten")
    if remove:
        session.execute(delete(kind.table).where(kind.table.c.id.in_([there[name].id for name in remove])))
    entries: dict[str, Owned] = {}
    for name in wanted:
        row_id, inserted = made.get(name) or (there[name].id, False)
        before = ledger.get(name)
        entries[name] = Owned(row_id, inserted or (before is not None and before.row_id == row_id and before.made))
    remember(session, kind.noun, entries, ledger)


def upsert(session: Any, kind: Kind, write: list[dict[str, Any]]) -> dict[str, tuple[int, bool]]:
    """Write rows in few statements; the row's id and whether it is new (`xmax` is 0 for an insert), by name."""
    if not write:
        return {}
    statement = insert(kind.table)
    statement = statement.on_conflict_do_update(
        index_elements=[kind.key],
        set_={column: statement.excluded[column] for column in write[0] if column != kind.key},
    ).returning(kind.table.c.id, kind.table.c[kind.key], literal_column("(xmax = 0)"))
    return {name: (row_id, new) for row_id, name, new in session.execute(statement, write)}
