"""The sync against a real Airflow 3.3.2 and a real PostgreSQL: runs one after another."""

import json

from tests.real.airflow_here import FERNET_KEY, AirflowHere

# verbatim from the issue: the format as it is in use
VERBATIM = """
airflow:
  connections:
    - {id: my_s3, type: s3, extra: '{"role_arn": "…"}'}
    - {id: warehouse, type: postgres, host: db, login: u, password: p, port: 5432, schema: dw}
    - {id: other, uri: "postgresql://u:p@db/dw"}
  variables: '{"key": "value"}'        # JSON text, or a mapping
  pools: [{name: warehouse, slots: 8, description: loads}]                 # pools and users are new
  users: [{username: oncall, email: oncall@example.org, first_name: On, last_name: Call, role: Op}]
"""

READ = """
from airflow.models import Connection, Pool, Variable
fields = ("conn_type", "host", "login", "password", "schema", "port", "extra")
def read(name):
    found = Connection.get_connection_from_secrets(name)
    return {field: getattr(found, field) for field in fields}
answer = {
    "connections": {name: read(name) for name in connections},
    "variables": {name: Variable.get(name) for name in variables},
    "pools": {p.pool: [p.slots, p.description, p.include_deferred] for p in Pool.get_pools()},
}
"""


def blank(**fields: object) -> dict[str, object]:
    return dict.fromkeys(("conn_type", "host", "login", "password", "schema", "port", "extra")) | fields


def test_the_format_in_use_is_read_unchanged_and_a_second_run_changes_nothing(airflow: AirflowHere) -> None:
    first = airflow.sync(VERBATIM)
    assert first.code == 0, first.err
    assert first.out.splitlines() == [
        "created connection my_s3",
        "created connection warehouse",
        "created connection other",
        "created variable key",
        "created pool warehouse",
        "created user oncall",
        "connections: 3 created",
        "pools: 1 created",
        "users: 1 created",
        "variables: 1 created",
        "6 changes",
    ]
    found = airflow.python(READ, connections=["my_s3", "warehouse", "other"], variables=["key"])
    postgres = {"conn_type": "postgres", "host": "db", "login": "u", "password": "p", "schema": "dw"}
    assert found["connections"] == {
        "my_s3": blank(conn_type="s3", extra='{"role_arn": "…"}'),
        "warehouse": blank(**postgres, port=5432),
        "other": blank(**postgres),
    }
    assert found["variables"] == {"key": "value"}
    assert found["pools"]["warehouse"] == [8, "loads", False]
    before = airflow.contents()
    second = airflow.sync(VERBATIM)
    assert (second.code, second.last()) == (0, "0 changes")
    assert airflow.contents() == before  # not even written again: the ciphertexts are the same


def test_what_changed_is_changed_and_what_went_is_deleted(airflow: AirflowHere) -> None:
    airflow.sync(VERBATIM)
    done = airflow.sync("""
airflow:
  connections:
    - {id: warehouse, type: postgres, host: db2, login: u, password: p2, port: 5432, schema: dw}
    - {id: my_s3, type: s3, extra: '{"role_arn": "…"}'}
  variables: {key: other, more: {a: [1, true, null]}}
  pools: [{name: warehouse, slots: 9}]
""")
    assert done.out.splitlines()[:8] == [
        "changed connection warehouse (set host, password)",
        "deleted connection other",
        "changed variable key (set val)",
        "created variable more",
        "changed pool warehouse (set slots)",
        "deleted user oncall",
        "connections: 1 changed, 1 deleted, 1 unchanged",
        "pools: 1 changed",
    ]
    found = airflow.python(READ, connections=["warehouse"], variables=["key", "more"])
    assert found["connections"]["warehouse"]["password"] == "p2"
    assert found["variables"]["key"] == "other"
    assert json.loads(found["variables"]["more"]) == {"a": [1, True, None]}
    assert found["pools"]["warehouse"] == [9, "loads", False]  # a description that is not given stays
    assert airflow.sql("select count(*) from connection where conn_id = 'other'") == "0"
    empty = airflow.sync("airflow: {}")
    assert empty.last() == "5 changes"
    assert airflow.sql("select (select count(*) from connection) + (select count(*) from variable)") == "0"
    assert airflow.sync("airflow: {}").last() == "0 changes"


BY_HAND = """
from airflow.models import Connection, Pool, Variable
from airflow.utils.session import create_session
with create_session() as session:
    session.add(Connection(conn_id="by_hand", conn_type="http", host="hand", password="mine"))
    session.add(Connection(conn_id="warehouse", conn_type="http", host="hand", password="mine"))
    Variable.set("by_hand", "mine", session=session)
    Pool.create_or_update_pool("by_hand", 3, "mine", False, session=session)
answer = None
"""


def test_what_a_person_made_by_hand_stays(airflow: AirflowHere) -> None:
    airflow.python(BY_HAND)
    done = airflow.sync(VERBATIM)
    assert (done.code, done.err) == (0, "")
    # the file wins over what has the name of one of its entries; a value set by hand is gone, and the run says so
    assert done.out.splitlines()[1] == (
        "adopted connection warehouse (set conn_type, host, login, password, port, schema; "
        "was there before; now as the file says, and never deleted by the sync)"
    )
    assert airflow.sync(VERBATIM).last() == "0 changes"
    gone = airflow.sync("airflow: {}")
    assert "left connection warehouse (no longer in the file, but not made by the sync: yours to delete)" in gone.out
    assert airflow.sync("airflow: {}").last() == "0 changes"
    found = airflow.python(READ, connections=["by_hand", "warehouse"], variables=["by_hand"])
    assert found["connections"] == {
        "by_hand": blank(conn_type="http", host="hand", password="mine"),
        "warehouse": blank(conn_type="postgres", host="db", login="u", password="p", schema="dw", port=5432),
    }
    assert found["variables"] == {"by_hand": "mine"}
    assert found["pools"] == {"by_hand": [3, "mine", False], "default_pool": [128, "Default pool", False]}


def test_the_default_pool_is_sized_and_never_deleted(airflow: AirflowHere) -> None:
    done = airflow.sync("airflow: {pools: [{name: default_pool, slots: 7}]}")
    assert done.out.splitlines()[0].startswith("adopted pool default_pool (set slots; ")
    assert airflow.sync("airflow: {}").out.startswith("left pool default_pool ")
    assert airflow.sql("select slots, description from slot_pool") == "7|Default pool"


def test_what_a_person_changed_in_an_entry_of_the_file_is_set_back(airflow: AirflowHere) -> None:
    airflow.sync(VERBATIM)
    airflow.python("""
from airflow.models import Connection, Variable
from airflow.utils.session import create_session
with create_session() as session:
    changed = session.query(Connection).filter_by(conn_id="warehouse").one()
    changed.password, changed.description = "changed", "a note of mine"
    session.delete(session.query(Connection).filter_by(conn_id="my_s3").one())
    Variable.set("key", "changed", session=session)
answer = None
""")
    done = airflow.sync(VERBATIM)
    assert done.out.splitlines()[:3] == [
        "created connection my_s3",
        "changed connection warehouse (set password)",
        "changed variable key (set val)",
    ]
    assert airflow.sql("select description from connection where conn_id = 'warehouse'") == "a note of mine"


def test_what_a_person_deleted_and_made_anew_is_theirs(airflow: AirflowHere) -> None:
    airflow.sync(VERBATIM)
    airflow.python("""
from airflow.models import Connection
from airflow.utils.session import create_session
with create_session() as session:
    session.delete(session.query(Connection).filter_by(conn_id="other").one())
    session.delete(session.query(Connection).filter_by(conn_id="my_s3").one())
    session.flush()
    session.add(Connection(conn_id="other", conn_type="http"))
answer = None
""")
    done = airflow.sync("airflow: {}")
    assert done.out.splitlines()[:3] == [
        "forgotten connection my_s3 (no longer in the file, and gone already)",
        "deleted connection warehouse",
        "left connection other (no longer in the file, but not made by the sync: yours to delete)",
    ]
    assert airflow.sql("select conn_id, conn_type from connection") == "other|http"


def test_the_ledger_outlives_a_migration(airflow: AirflowHere) -> None:
    airflow.sync(VERBATIM)
    airflow.python("""
from airflow.utils.db import upgradedb
upgradedb()
answer = None
""")
    assert airflow.sync(VERBATIM).last() == "0 changes"
    assert airflow.sync("airflow: {}").last() == "6 changes"


def test_a_rotated_fernet_key_is_no_change(airflow: AirflowHere) -> None:
    airflow.sync(VERBATIM)
    before = airflow.contents()
    other = "YW5vdGhlci1mZXJuZXQta2V5LW9mLTMyLWJ5dGVzISE="
    rotated = airflow.sync(VERBATIM, env={"AIRFLOW__CORE__FERNET_KEY": f"{other},{FERNET_KEY}"})
    assert (rotated.code, rotated.last()) == (0, "0 changes")
    assert airflow.contents() == before
