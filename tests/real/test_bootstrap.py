"""The script that gives a release its roles and databases, on a real PostgreSQL, as an administrator without superuser.

TLS is left to tests/live: the server of these tests is reached by its socket.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from local.postgres import Postgres
from tests.real.airflow_here import ROOT, VENV

SCRIPT = ROOT / "infra" / "airflow" / "scripts" / "bootstrap.py"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(postgres: Postgres) -> Run:
    """Runs it as RDS's or Flexible Server's administrator: roles and databases, and no more."""
    if not postgres.sql("select 1 from pg_roles where rolname = 'manager'").strip():
        postgres.sql("create role manager login createrole createdb password 'manager-Password-1'")

    def call(*arguments: str, turn: str = "a", **passwords: str) -> subprocess.CompletedProcess[str]:
        names = {role: f"PASSWORD_{number}" for number, role in enumerate(passwords)}
        env = {
            "PATH": os.environ["PATH"],
            "PGHOST": socket(postgres),
            "PGUSER": "manager",
            "PGPASSWORD": "manager-Password-1",
            "ROLES": json.dumps({role: {"login": f"{role}__{turn}", "password": name} for role, name in names.items()}),
            **{names[role]: password for role, password in passwords.items()},
        }
        command = [VENV / "bin" / "python", SCRIPT, *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True)

    return call


def socket(postgres: Postgres) -> str:
    return parse_qs(urlsplit(postgres.url("postgres")).query)["host"][0]


def as_login(postgres: Postgres, login: str, password: str, database: str, text: str) -> str:
    """What psycopg2, as Airflow uses it, gets for a statement; the server's words where it is refused."""
    code = (
        "import os, psycopg2\n"
        "try:\n"
        "    connection = psycopg2.connect(dbname=os.environ['DATABASE'])\n"
        "    connection.autocommit = True\n"
        "    cursor = connection.cursor()\n"
        "    cursor.execute(os.environ['TEXT'])\n"
        "    print(cursor.fetchone()[0] if cursor.description else 'done')\n"
        "except psycopg2.Error as error:\n"
        "    print(error)\n"
    )
    env = {
        "PATH": os.environ["PATH"],
        "PGHOST": socket(postgres),
        "PGUSER": login,
        "PGPASSWORD": password,
        "DATABASE": database,
        "TEXT": text,
    }
    return subprocess.run([VENV / "bin" / "python", "-c", code], env=env, capture_output=True, text=True).stdout.strip()


@contextmanager
def session(postgres: Postgres, login: str, database: str) -> Iterator["subprocess.Popen[str]"]:
    """A connection of a login that stays open."""
    code = (
        f"import psycopg2, sys\nheld = psycopg2.connect(dbname={database!r})\nprint('in', flush=True)\n"
        "sys.stdin.read()\nheld.cursor().execute('select 1')"
    )
    env = {"PATH": os.environ["PATH"], "PGHOST": socket(postgres), "PGUSER": login, "PGPASSWORD": "unasked"}
    command = [VENV / "bin" / "python", "-c", code]
    with subprocess.Popen(command, env=env, text=True, stdin=-1, stdout=-1, stderr=-1) as held:
        assert held.stdout
        assert held.stdout.readline() == "in\n", held.communicate()
        yield held


def test_each_role_owns_its_database_and_nobody_else_comes_in(run: Run, postgres: Postgres) -> None:
    done = run(airflow_boot="first-Password-1", airflow_boot_result="second-Password-1")
    assert done.returncode == 0, done.stderr
    owners = (
        "select datname || '=' || pg_get_userbyid(datdba) from pg_database "
        "where datname like 'airflow_boot%' order by 1"
    )
    assert postgres.sql(owners).split() == ["airflow_boot=airflow_boot", "airflow_boot_result=airflow_boot_result"]
    right = "select has_database_privilege('airflow_boot_result', 'airflow_boot', 'connect')"
    assert postgres.sql(right).strip() == "f"
    again = run(airflow_boot="first-Password-1", airflow_boot_result="second-Password-1")
    assert again.returncode == 0, again.stderr
    assert "made" not in again.stdout


def test_no_password_is_stored_or_said(run: Run, postgres: Postgres) -> None:
    done = run(airflow_quiet="third-Password-1")
    assert done.returncode == 0, done.stderr
    assert "third-Password-1" not in done.stdout + done.stderr
    stored = postgres.sql("select rolpassword from pg_authid where rolname = 'airflow_quiet__a'")
    assert stored.startswith("SCRAM-SHA-256$")


def test_an_error_says_which_server_and_why(run: Run, postgres: Postgres) -> None:
    postgres.sql("alter role manager nocreatedb")
    try:
        done = run(airflow_refused="fourth-Password-1")
    finally:
        postgres.sql("alter role manager createdb")
    assert done.returncode == 1
    assert "permission denied to create database" in done.stderr
    assert "fourth-Password-1" not in done.stderr


def test_what_either_login_makes_is_the_roles_and_both_change_it(run: Run, postgres: Postgres) -> None:
    assert run(airflow_turn="turn-Password-1").returncode == 0
    assert (
        as_login(postgres, "airflow_turn__a", "turn-Password-1", "airflow_turn", "create table one (id int)") == "done"
    )
    done = run(airflow_turn="turn-Password-2", turn="b")
    assert done.returncode == 0, done.stderr
    for turn, number in (("a", 1), ("b", 2)):  # the first still comes in while pods with the second start
        login, password = f"airflow_turn__{turn}", f"turn-Password-{number}"
        said = as_login(postgres, login, password, "airflow_turn", f"alter table one add column of_{turn} int")
        assert said == "done"
        assert as_login(postgres, login, password, "airflow_turn", "select current_user") == "airflow_turn"
        assert as_login(postgres, login, password, "airflow_turn", "select session_user") == login
    owner = "select tableowner from pg_tables where tablename = 'one'"
    assert as_login(postgres, "airflow_turn__b", "turn-Password-2", "airflow_turn", owner) == "airflow_turn"
    again = run(airflow_turn="turn-Password-2", turn="b")
    assert "set" not in again.stdout
    assert "made" not in again.stdout


def test_the_last_step_closes_every_other_login(run: Run, postgres: Postgres) -> None:
    assert run(airflow_shut="shut-Password-1").returncode == 0
    assert run(airflow_shut="shut-Password-2", turn="b").returncode == 0
    with session(postgres, "airflow_shut__a", "airflow_shut") as old:
        done = run("close", airflow_shut="shut-Password-2", turn="b")
        assert done.returncode == 0, done.stderr
        assert done.stdout == "login airflow_shut__a: closed, and 1 of its connections\n"
        _, said = old.communicate("")
        assert "server closed the connection" in said
    can = "select rolname || ' ' || rolcanlogin from pg_roles where rolname like 'airflow_shut%' order by 1"
    assert postgres.sql(can).splitlines() == ["airflow_shut false", "airflow_shut__a false", "airflow_shut__b true"]
    assert run("close", airflow_shut="shut-Password-2", turn="b").stdout == ""
    back = run(airflow_shut="shut-Password-3")  # its turn comes again
    assert back.stdout == "login airflow_shut__a: password set\nairflow_shut: ready\n"


def test_a_stack_that_stands_with_one_role_goes_on_with_it_until_it_is_closed(run: Run, postgres: Postgres) -> None:
    """As an earlier version left it: the role is its own login, owns the database, and made the tables."""
    postgres.sql("grant create on database postgres to manager")
    made = "create role airflow_old login nosuperuser nocreatedb nocreaterole password 'old-Password-1'"
    assert as_login(postgres, "manager", "manager-Password-1", "postgres", made) == "done"
    assert (
        as_login(postgres, "manager", "manager-Password-1", "postgres", "grant airflow_old to current_user") == "done"
    )
    database = "create database airflow_old owner airflow_old template template0"
    assert as_login(postgres, "manager", "manager-Password-1", "postgres", database) == "done"
    table = "create table dag as select 7 as id"
    assert as_login(postgres, "airflow_old", "old-Password-1", "airflow_old", table) == "done"
    done = run(airflow_old="old-Password-1")
    assert done.returncode == 0, done.stderr
    for login in ("airflow_old", "airflow_old__a"):  # pods of before and after
        said = as_login(postgres, login, "old-Password-1", "airflow_old", "select id from dag")
        assert said == "7"
    change = "alter table dag add column name text"
    assert as_login(postgres, "airflow_old__a", "old-Password-1", "airflow_old", change) == "done"
    closed = run("close", airflow_old="old-Password-1")
    assert closed.stdout.startswith("login airflow_old: closed"), closed.stderr
    assert as_login(postgres, "airflow_old__a", "old-Password-1", "airflow_old", "select id from dag") == "7"
    assert postgres.sql("select rolcanlogin from pg_roles where rolname = 'airflow_old'").strip() == "f"


def test_what_a_release_had_is_dropped_by_its_name_and_nothing_else(run: Run, postgres: Postgres) -> None:
    for release in ("airflow_goes", "airflow_stays"):
        assert run(**{release: f"{release}-Password-1", f"{release}_result": f"{release}-Password-2"}).returncode == 0
    assert run(airflow_goes="goes-Password-3", turn="b").returncode == 0
    env = {
        "PATH": os.environ["PATH"],
        "PGHOST": socket(postgres),
        "PGUSER": "manager",
        "PGPASSWORD": "manager-Password-1",
        "ROLES": '["airflow_goes", "airflow_goes_result"]',
    }
    script = SCRIPT.with_name("drop.py").read_text()
    with session(postgres, "airflow_goes__a", "airflow_goes"):  # a connection that is still open
        for said in ("airflow_goes: dropped\nairflow_goes_result: dropped\n",) * 2:
            done = subprocess.run([VENV / "bin" / "python", "-c", script], env=env, capture_output=True, text=True)
            assert (done.returncode, done.stdout) == (0, said), done.stderr
    left = "select datname from pg_database where datname ~ '^airflow_(goes|stays)' order by 1"
    assert postgres.sql(left).split() == ["airflow_stays", "airflow_stays_result"]
    assert not postgres.sql("select rolname from pg_roles where rolname like 'airflow_goes%'").strip()
