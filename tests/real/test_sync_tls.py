"""Migration and sync over TLS with `verify-full`, as on the clusters: a URL without sslmode, libpq's own variables."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.real.airflow_here import SYNC as SYNC_FOLDER
from tests.real.airflow_here import VENV, Done, ForkServer
from tests.real.test_sync_runs import VERBATIM
from tests.real.tls_postgres import PASSWORD, TlsPostgres, programs, tls_postgres

ENCRYPTED = """
import asyncio, json, sys
from airflow.utils.session import create_session, create_session_async
from sqlalchemy import text
query = text("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
async def ask():
    async with create_session_async() as session:
        return list((await session.execute(query)).one())
with create_session() as session:
    sync = list(session.execute(query).one())
print(json.dumps([sync, asyncio.run(ask())]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[TlsPostgres]:
    found = programs()
    if not found:
        pytest.skip("no PostgreSQL of Debian's (apt-get install postgresql); the wheel's has no TLS")
    with tls_postgres(found) as running:
        yield running


def env(server: TlsPostgres, host: str = "localhost", **libpq: str) -> dict[str, str]:
    url = f"postgresql+psycopg2://airflow:{quote(PASSWORD, safe='')}@{host}:{server.port}/airflow"
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(server.ca),
        **libpq,
    }


@pytest.fixture(scope="module")
def migrated(airflow_server: ForkServer, server: TlsPostgres) -> TlsPostgres:
    argv = [str(VENV / "bin" / "airflow"), "db", "migrate"]
    refused = airflow_server.start({"argv": argv, "env": env(server, PGSSLROOTCERT=str(server.wrong_ca))}).wait()
    assert refused.code != 0
    assert server.sql("select count(*) from pg_tables where schemaname = 'public'", "airflow") == "0"
    done = airflow_server.start({"argv": argv, "env": env(server)}).wait()
    assert done.code == 0, done.err
    return server


def sync(airflow: ForkServer, variables: dict[str, str]) -> Done:
    settings = VERBATIM.partition("  users:")[0]
    return airflow.start({"argv": [str(SYNC_FOLDER), "-"], "env": variables}, settings).wait()


@pytest.mark.guarantee("every connection to the database is verified")
def test_migration_and_sync_work_and_every_connection_is_encrypted(
    airflow_server: ForkServer, migrated: TlsPostgres
) -> None:
    first = sync(airflow_server, env(migrated))
    assert (first.code, first.last()) == (0, "5 changes"), first.err
    assert sync(airflow_server, env(migrated)).last() == "0 changes"
    # psycopg2's and asyncpg's
    asked = airflow_server.start({"code": ENCRYPTED, "env": env(migrated)}).wait()
    assert asked.last() == '[[true, "TLSv1.3"], [true, "TLSv1.3"]]', asked.err


@pytest.mark.guarantee("every connection to the database is verified")
def test_a_wrong_authority_a_wrong_name_and_a_plain_connection_are_refused(
    airflow_server: ForkServer, migrated: TlsPostgres
) -> None:
    wrong = sync(airflow_server, env(migrated, PGSSLROOTCERT=str(migrated.wrong_ca)))
    assert wrong.code == 1
    assert "certificate verify failed" in wrong.err
    other = sync(airflow_server, env(migrated, host="127.0.0.1"))
    assert other.code == 1
    assert 'does not match host name "127.0.0.1"' in other.err
    plain = sync(airflow_server, env(migrated, PGSSLMODE="disable"))
    assert plain.code == 1
    assert "no encryption" in plain.err
    for done in (wrong, other, plain):
        assert PASSWORD not in done.err
        assert done.err.startswith("error: the database cannot be reached: ")
        assert done.err.endswith("nothing was changed\n")
