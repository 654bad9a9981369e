"""The script that gives a release its roles and databases, on a real PostgreSQL, as an administrator without superuser.

TLS is left to tests/live: the server of these tests is reached by its socket.
"""

import json
import os
import subprocess
from collections.abc import Callable
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
    where = parse_qs(urlsplit(postgres.url("postgres")).query)["host"][0]

    def call(**passwords: str) -> subprocess.CompletedProcess[str]:
        names = {role: f"PASSWORD_{number}" for number, role in enumerate(passwords)}
        env = {
            "PATH": os.environ["PATH"],
            "PGHOST": where,
            "PGUSER": "manager",
            "PGPASSWORD": "manager-Password-1",
            "ROLES": json.dumps(names),
            **{names[role]: password for role, password in passwords.items()},
        }
        return subprocess.run([VENV / "bin" / "python", SCRIPT], env=env, capture_output=True, text=True)

    return call


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
    stored = postgres.sql("select rolpassword from pg_authid where rolname = 'airflow_quiet'")
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


def test_what_a_release_had_is_dropped_by_its_name_and_nothing_else(run: Run, postgres: Postgres) -> None:
    for release in ("airflow_goes", "airflow_stays"):
        assert run(**{release: "first-Password-1", f"{release}_result": "second-Password-1"}).returncode == 0
    where = parse_qs(urlsplit(postgres.url("postgres")).query)["host"][0]
    server = {"PGHOST": where, "PGUSER": "manager", "PGPASSWORD": "manager-Password-1"}
    env = {"PATH": os.environ["PATH"], **server, "ROLES": '["airflow_goes", "airflow_goes_result"]'}
    script = SCRIPT.with_name("drop.py").read_text()
    connect = "import psycopg2; one = psycopg2.connect(''); print(1, flush=True); input()"
    busy = subprocess.Popen(
        [VENV / "bin" / "python", "-c", connect],
        env={**env, "PGUSER": "airflow_goes", "PGPASSWORD": "first-Password-1", "PGDATABASE": "airflow_goes"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert busy.stdout
    assert busy.stdout.readline() == b"1\n", "a connection that is still open"
    for said in ("airflow_goes: dropped\nairflow_goes_result: dropped\n",) * 2:
        done = subprocess.run([VENV / "bin" / "python", "-c", script], env=env, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, said), done.stderr
    left = "select datname from pg_database where datname ~ '^airflow_(goes|stays)' order by 1"
    assert postgres.sql(left).split() == ["airflow_stays", "airflow_stays_result"]
    assert not postgres.sql("select rolname from pg_roles where rolname like 'airflow_goes%'").strip()
    busy.communicate(b"\n")
