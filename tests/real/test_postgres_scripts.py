"""The scripts of the database in the cluster, on a real server with TLS: dumps, restores, and a changed password."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import issue
from tests.real.server_in_cluster import PASSWORD, TlsServer, binaries, can_run, tls_postgres
from tests.real.waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(can_run() is not None, reason=can_run() or "")


@pytest.fixture(scope="module")
def shared() -> Iterator[TlsServer]:
    bin_ = binaries()
    assert bin_
    with tls_postgres(bin_) as server:
        yield server


@pytest.fixture
def server(shared: TlsServer) -> TlsServer:
    """The server with two releases' databases, and no dump."""
    for name in ("main", "other"):
        role = f"airflow_{name}"
        shared.sql(
            f"DROP DATABASE IF EXISTS {role} WITH (FORCE)",
            f"DROP ROLE IF EXISTS {role}",
            f"CREATE ROLE {role} LOGIN PASSWORD '{name}-password'",
            f"CREATE DATABASE {role} OWNER {role}",
            f"REVOKE ALL ON DATABASE {role} FROM PUBLIC",
            f"ALTER DATABASE {role} SET statement_timeout = '77s'",
            f"\\connect {role}",
            f"SET ROLE {role}",
            "CREATE TABLE dag (id int)",
            "INSERT INTO dag VALUES (1), (2)",
        )
    shared.run("sh", "-c", "rm -rf backups/*")
    return shared


def count(server: TlsServer, name: str = "main") -> str:
    role = {"PGUSER": f"airflow_{name}", "PGPASSWORD": f"{name}-password"}
    return server.sql("SELECT count(*) FROM dag", database=f"airflow_{name}", **role)


def databases(server: TlsServer) -> set[str]:
    return set(server.sql("SELECT datname FROM pg_database WHERE NOT datistemplate").splitlines())


def test_no_connection_without_verified_tls(server: TlsServer) -> None:
    assert server.sql("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").startswith("TLSv1.")
    assert "no encryption" in server.sql("SELECT 1", check=False, PGSSLMODE="disable")
    server.write("wrong.pem", issue("localhost").ca)
    wrong = server.sql("SELECT 1", check=False, PGSSLROOTCERT=f"{server.folder}/wrong.pem")
    assert "certificate verify failed" in wrong
    assert "does not match host name" in server.sql("SELECT 1", check=False, PGHOST="127.0.0.1")


def test_a_dump_holds_databases_and_roles_without_passwords(server: TlsServer) -> None:
    server.script("dump.sh")
    (dump,) = (server.folder / "backups").iterdir()
    assert {path.name for path in dump.iterdir()} == {"roles.sql", "airflow_main.dump", "airflow_other.dump"}
    roles = (dump / "roles.sql").read_text()
    assert "CREATE ROLE airflow_main" in roles
    assert "SCRAM" not in roles
    assert dump.stat().st_mode & 0o077 == 0


@pytest.mark.guarantee("what runs once waits for its way")
def test_a_dump_and_a_restore_wait_for_the_server(server: TlsServer) -> None:
    for script in ("dump.sh", "restore.sh"):
        server.stop()
        late = threading.Timer(3, server.start)
        late.start()
        done = server.script(script, DUMP="latest")
        late.join()
        assert f"waiting up to 120 s for 127.0.0.1:{server.port} (Connection refused)" in done.stderr
    assert "restored airflow_main" in done.stdout


def test_the_dumps_are_listed_without_a_server(server: TlsServer) -> None:
    server.script("dump.sh")
    server.stop()
    try:
        listed = server.script("restore.sh")
        wrong = server.script("restore.sh", check=False, DUMP="20200101T000000Z")
    finally:
        server.start()
    (dump,) = (server.folder / "backups").iterdir()
    assert (listed.stdout.split(), listed.stderr) == ([dump.name], "")
    assert (wrong.returncode, "waiting" in wrong.stderr) == (2, False)


def test_a_restore_brings_back_what_was_dumped(server: TlsServer) -> None:
    server.script("dump.sh")
    server.sql("DELETE FROM dag; CREATE TABLE later (id int)", database="airflow_main")
    server.sql("DELETE FROM dag", database="airflow_other")
    said = server.script("restore.sh", DUMP="latest").stdout
    assert "restored airflow_main" in said
    assert (count(server), count(server, "other")) == ("2", "2")
    assert server.sql("SELECT to_regclass('later') IS NULL", database="airflow_main") == "t"
    assert databases(server) == {"postgres", "airflow_main", "airflow_other"}


def test_the_database_keeps_owner_rights_and_settings(server: TlsServer) -> None:
    server.script("dump.sh")
    server.script("restore.sh", DUMP="latest")
    role = {"PGUSER": "airflow_main", "PGPASSWORD": "main-password"}
    assert server.sql("SHOW statement_timeout", database="airflow_main", **role) == "77s"
    assert (
        server.sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'airflow_main'") == "airflow_main"
    )
    assert "permission denied" in server.sql("SELECT 1", database="airflow_other", check=False, **role)


def test_one_database_alone(server: TlsServer) -> None:
    server.script("dump.sh")
    for name in ("main", "other"):
        server.sql("DELETE FROM dag", database=f"airflow_{name}")
    server.script("restore.sh", DUMP="latest", DATABASE="airflow_main")
    assert (count(server), count(server, "other")) == ("2", "0")
    wrong = server.script("restore.sh", check=False, DUMP="latest", DATABASE="airflow_mian")
    assert wrong.returncode == 2
    assert "airflow_main.dump" in wrong.stderr


def test_connections_are_ended_and_come_back(server: TlsServer) -> None:
    server.script("dump.sh")
    env = server.env(PGUSER="airflow_main", PGPASSWORD="main-password")
    command = ["psql", "-Xq", "-d", "airflow_main", "-c", "SELECT pg_sleep(600)"]
    with subprocess.Popen(command, env=env, user=server.user, stderr=subprocess.PIPE, text=True) as client:
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        until(lambda: server.sql(asleep) == "1", "a client's statement runs")
        server.script("restore.sh", DUMP="latest")
        assert "terminating connection" in client.communicate(timeout=PATIENCE)[1]
    assert count(server) == "2"


def test_a_restore_onto_an_empty_server(server: TlsServer) -> None:
    server.script("dump.sh")
    for name in ("main", "other"):
        server.sql(f"DROP DATABASE airflow_{name} WITH (FORCE)")
        server.sql(f"DROP ROLE airflow_{name}")
    server.script("restore.sh", DUMP="latest")
    assert server.sql("SELECT count(*) FROM dag", database="airflow_main") == "2"
    owner = server.sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'airflow_main'")
    assert owner == "airflow_main", "its password is set by the next `up`"


def test_a_damaged_dump_changes_nothing(server: TlsServer) -> None:
    server.script("dump.sh")
    (dump,) = (server.folder / "backups").iterdir()
    file = dump / "airflow_main.dump"
    content = file.read_bytes()
    for broken in (content[:40], content[:-60]):
        file.write_bytes(broken)
        assert server.script("restore.sh", check=False, DUMP=dump.name).returncode != 0
        assert count(server) == "2"
        assert server.sql("SELECT datallowconn FROM pg_database WHERE datname = 'airflow_main'") == "t"


def test_a_restore_that_was_killed_half_way_can_be_repeated(server: TlsServer) -> None:
    server.script("dump.sh")
    server.sql("CREATE DATABASE _restoring")
    server.sql("CREATE DATABASE _replaced")
    server.sql("ALTER DATABASE airflow_main WITH ALLOW_CONNECTIONS false")
    server.script("restore.sh", DUMP="latest")
    assert count(server) == "2"
    assert databases(server) == {"postgres", "airflow_main", "airflow_other"}


def test_a_dump_that_is_not_there_names_those_that_are(server: TlsServer) -> None:
    server.script("dump.sh")
    (dump,) = (server.folder / "backups").iterdir()
    for wrong in ("20200101T000000Z", "..", "*", f"{dump.name}/"):
        done = server.script("restore.sh", check=False, DUMP=wrong)
        assert (done.returncode, dump.name in done.stderr) == (2, True), wrong
    assert server.script("restore.sh").stdout.split() == [dump.name]
    server.run("sh", "-c", "rm -rf backups/*")
    assert server.script("restore.sh", check=False, DUMP="latest").returncode == 2


def test_old_dumps_go_and_what_was_killed_goes(server: TlsServer) -> None:
    backups = server.folder / "backups"
    for name in ("20200101T000000Z", "20200102T000000Z.partial", "notes"):
        server.run("mkdir", str(backups / name))
    server.script("dump.sh", RETENTION_DAYS="1")
    left = {path.name for path in backups.iterdir()}
    assert len(left) == 2
    assert "notes" in left


def test_a_failed_dump_deletes_none(server: TlsServer) -> None:
    backups = server.folder / "backups"
    server.run("mkdir", str(backups / "20200101T000000Z"))
    server.write("wrong", "wrong-password")
    done = server.script("dump.sh", check=False, PASSWORD_FILE=f"{server.folder}/wrong")
    assert done.returncode != 0
    assert "wrong-password" not in done.stdout + done.stderr
    assert [path.name for path in backups.iterdir() if not path.name.endswith(".partial")] == ["20200101T000000Z"]


@pytest.mark.parametrize("password", ["another-password-of-it", 'it\'s $(id) `id` "quoted" 100% \\ ü'])
@pytest.mark.guarantee("a changed database password")
def test_a_changed_secret_is_a_changed_password(server: TlsServer, password: str) -> None:
    server.stop()
    server.write("password", password)
    try:
        done = server.script("administrator.sh")
        assert password not in done.stdout + done.stderr
        server.start()
        assert server.sql("SELECT 1") == "1"
        assert "authentication failed" in server.sql("SELECT 1", check=False, PGPASSWORD=PASSWORD)
        assert password not in (server.folder / "server.log").read_text()
    finally:
        if server.run("pg_ctl", "status", check=False).returncode == 0:
            server.stop()
        server.write("password", PASSWORD)
        server.script("administrator.sh")
        server.start()


@pytest.mark.guarantee("a database server that is killed")
def test_the_lock_of_a_server_that_was_killed_is_no_obstacle(server: TlsServer) -> None:
    """It names PID 1, which in the init container is the script's own shell: here the shell writes its own number."""
    server.stop()
    try:
        lock = 'printf "%s\\n" $$ "$PGDATA" 0 5432 >"$PGDATA/postmaster.pid"'
        done = server.run("bash", "-c", f"{lock}; exec bash {server.folder}/administrator.sh")
        assert "password is the secret's" in done.stdout
    finally:
        server.start()
    assert server.sql("SELECT 1") == "1"


def test_an_empty_volume_is_left_to_the_image(server: TlsServer, tmp_path: Path) -> None:
    assert "empty volume" in server.script("administrator.sh", PGDATA=str(tmp_path)).stdout


def test_a_password_that_cannot_be_set_fails(server: TlsServer) -> None:
    server.stop()
    try:
        done = server.script("administrator.sh", check=False, PGUSER="nobody-there")
        assert done.returncode == 1
        assert "does not exist" in done.stderr
    finally:
        server.start()
