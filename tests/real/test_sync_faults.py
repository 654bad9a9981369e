"""The sync against a real Airflow and PostgreSQL: bad input, crashes, two at once."""

import gzip
import json
import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest

from infra.settings.payload import compressed
from tests.real.airflow_here import SYNC, VENV, AirflowHere, base_env, together
from tests.real.test_sync_runs import READ, VERBATIM, blank
from tests.real.waiting import until

MANY = "airflow:\n  variables:\n" + "".join(f"    v{number}: text {number}\n" for number in range(300))
SECRET = "s3cr3t-v4lue"


def test_a_bad_file_changes_nothing_and_no_value_is_told(airflow: AirflowHere) -> None:
    airflow.sync(VERBATIM)
    before = airflow.contents()
    done = airflow.sync(f"""
airflow:
  connections:
    - {{id: new, type: http}}
    - {{id: new, port: {SECRET}}}
    - {{id: bad, uri: "{SECRET}", password: {SECRET}}}
    - {{type: http, password: [{SECRET}]}}
  variables: '{{"a": {SECRET}}}'
  pools: [{{name: p, slots: {SECRET}}}]
  users: [{{username: u, email: {SECRET}, role: [{SECRET}]}}]
""")
    assert done.code == 2
    assert SECRET not in done.out + done.err
    problems = done.err.splitlines()
    assert [line.removeprefix("error: airflow.").split(":")[0] for line in problems[:-1]] == [
        "connections[1] (new).port",
        "connections[1].id",
        "connections[2] (bad).uri",
        "connections[2] (bad)",
        "connections[3].id",
        "connections[3].password",
        "variables",
        "pools[0] (p).slots",
        "users[0] (u).email",
        "users[0] (u).role",
        "users[0] (u).role",
    ]
    assert problems[-1] == "nothing was changed"
    assert airflow.contents() == before


def test_a_crash_half_way_leaves_nothing_and_the_next_run_does_all(airflow: AirflowHere) -> None:
    airflow.sql("""
create function crash() returns trigger language plpgsql as
$$ begin if new.key = 'v250' then raise exception 'half-way: %', new.val; end if; return new; end $$""")
    airflow.sql("create trigger crash before insert on variable for each row execute function crash()")
    before = airflow.contents()
    crashed = airflow.sync(MANY)
    assert crashed.code == 1
    assert crashed.err == "error: the database refused a statement: RaiseException P0001\nnothing was changed\n"
    assert airflow.contents() == before
    airflow.sql("drop trigger crash on variable")
    assert airflow.sync(MANY).last() == "300 changes"
    assert airflow.sync(MANY).last() == "0 changes"


def test_a_kill_half_way_leaves_nothing_and_the_next_run_does_all(airflow: AirflowHere) -> None:
    airflow.sql("""
create function slow() returns trigger language plpgsql as
$$ begin if new.key = 'v250' then perform pg_sleep(600); end if; return new; end $$""")
    airflow.sql("create trigger slow before insert on variable for each row execute function slow()")
    before = airflow.contents()
    run = airflow.start(settings=MANY)
    asleep = f"select count(*) from pg_stat_activity where datname = '{airflow.database}' and wait_event = 'PgSleep'"
    until(lambda: airflow.sql(asleep) == "1", "the sync is half-way")
    os.kill(run.pid, signal.SIGKILL)
    assert run.wait().code is None
    assert airflow.contents() == before
    # the server notices a dead client when the statement ends; an operator would not wait for that either
    airflow.sql(
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{airflow.database}'"
        " and pid <> pg_backend_pid()"
    )
    airflow.sql("drop trigger slow on variable")
    assert airflow.sync(MANY).last() == "300 changes"


def test_two_at_once_do_not_hurt(airflow: AirflowHere) -> None:
    both = together(lambda: airflow.sync(VERBATIM), lambda: airflow.sync(VERBATIM))
    assert [done.code for done in both] == [0, 0], [done.err for done in both]
    assert sorted(done.last() for done in both) == ["0 changes", "6 changes"]
    assert airflow.sync(VERBATIM).last() == "0 changes"


def test_a_database_that_is_not_migrated_or_not_there(airflow: AirflowHere) -> None:
    airflow.postgres.sql("create database bare_one")
    bare = airflow.sync(VERBATIM, env={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": airflow.postgres.url("bare_one")})
    assert bare.code == 1
    assert "error: Airflow's tables are not in the database: run `airflow db migrate` first" in bare.err
    url = f"postgresql+psycopg2://airflow:{SECRET}@127.0.0.1:1/airflow"
    gone = airflow.sync(VERBATIM, env={"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url})
    assert gone.code == 1
    assert gone.err.startswith("error: the database cannot be reached: ")
    assert SECRET not in gone.err


@pytest.mark.parametrize(
    "packed", [compressed(VERBATIM).encode(), gzip.compress(VERBATIM.encode())], ids=["base64", "gzip"]
)
def test_compressed_settings_are_taken_as_they_are(airflow: AirflowHere, packed: bytes) -> None:
    assert airflow.sync(packed).last() == "6 changes"


def test_it_runs_from_a_flat_folder_as_a_config_map_mounts_it(
    airflow: AirflowHere, airflow_home: Path, tmp_path: Path
) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for file in SYNC.glob("*.py"):
        (mounted / file.name).write_bytes(file.read_bytes())
    (tmp_path / "settings.yaml").write_text(VERBATIM)
    done = subprocess.run(
        [VENV / "bin" / "python", mounted, "--passwords-file", airflow.passwords_file, tmp_path / "settings.yaml"],
        env=base_env(airflow_home, airflow.postgres.url(airflow.database)),
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "6 changes"), done.stderr
    size = sum(file.stat().st_size for file in SYNC.glob("*.py"))
    assert size < 1024 * 1024  # what a ConfigMap holds


NASTY = [
    "plain",
    " leads and trails ",
    "quotes ' \" ` and \\ backslash \\n",
    "new\nline\r\n\ttab",
    "@:/?#[]!$&'()*+,;=%20%",
    "{{ var.value.x }} {% raw %} ${HOME} $(id) %(here)s",
    "ünïcödé ✓ 日本語 🐘 \u202e\u2028",
    "'; drop table connection; --",
    "true",
    "0123",
    "~",
]


def test_special_characters_everywhere(airflow: AirflowHere) -> None:
    texts = ("type", "host", "login", "password", "schema")
    connections: list[dict[str, object]] = []
    for n, text in enumerate(NASTY):
        coded = quote(text, safe="")
        connections.append({"id": f"c{n}", **dict.fromkeys(texts, text), "extra": {text: text}})
        connections.append({"id": f"u{n}", "uri": f"http://{coded}:{coded}@host:1/{coded}"})
    connections.append({"id": "odd-ID_1.2:3/4\\5#!()ü", "type": "http"})
    settings = {
        "airflow": {
            "connections": connections,
            "variables": {text: text for text in NASTY},
            "pools": [{"name": text, "slots": n, "description": text} for n, text in enumerate(NASTY)],
            "users": [
                {
                    "username": text,
                    "email": f"u{n}@example.org",
                    "first_name": text,
                    "last_name": text,
                    "role": "Op",
                    "password": text * 12,
                }
                for n, text in enumerate(NASTY)
            ],
        }
    }
    done = airflow.sync(json.dumps(settings))  # JSON is YAML
    assert done.code == 0, done.err
    names = [entry["id"] for entry in connections]
    found = airflow.python(READ, connections=names, variables=NASTY)
    for n, text in enumerate(NASTY):
        same = {"login": text, "password": text, "schema": text}
        assert found["connections"][f"c{n}"] == blank(conn_type=text, host=text, **same, extra=json.dumps({text: text}))
        assert found["connections"][f"u{n}"] == blank(conn_type="http", host="host", port=1, **same)
        assert found["pools"][text] == [n, text, False]
    assert found["connections"]["odd-ID_1.2:3/4\\5#!()ü"] == blank(conn_type="http")
    assert found["variables"] == {text: text for text in NASTY}
    assert airflow.sync(json.dumps(settings)).last() == "0 changes"
    assert airflow.sync("airflow: {}").code == 0
