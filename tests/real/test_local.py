"""`make up` for real: one fresh checkout with a running Airflow, shared by all tests of this file."""

import stat
import subprocess
from contextlib import suppress

import httpx
import psutil
import pytest

from local import database
from local.place import Place
from tests.real.local_checkout import COMPONENTS, Checkout
from tests.real.waiting import until

pytestmark = [pytest.mark.xdist_group("local"), pytest.mark.timeout(900)]
SERVICES = ("postgres", *COMPONENTS)


def test_a_fresh_clone_gets_healthy_and_says_where(fresh: tuple[Checkout, str]) -> None:
    local, printed = fresh
    for expected in (*COMPONENTS, "PostgreSQL", "migration", f"http://localhost:{local.port}", "admin", " DAGs"):
        assert expected in printed
    assert "✗" not in printed
    assert "keys/admin-password" in printed
    assert local.password not in printed
    assert local.make("status").returncode == 0


def test_no_scheduler_begins_before_the_api_server_answers(local: Checkout) -> None:
    place = Place(local.folder)
    first = "select extract(epoch from min(start_date)) from job where job_type = 'SchedulerJob'"
    began = float(database.choose(place).sql(first, database.NAME))
    assert began >= place.may_schedule.stat().st_mtime


def supervised(local: Checkout) -> set[int]:
    """The services' processes; those that the services start come and go."""
    found: set[int] = set()
    for process in local.processes():
        with suppress(psutil.NoSuchProcess):
            if "supervisord" in " ".join(process.cmdline()):
                found |= {process.pid, *(child.pid for child in process.children())}
    return found


def test_a_second_make_up_says_that_it_runs(local: Checkout) -> None:
    before = supervised(local)
    for verb in ("start", "up"):
        done = local.make(verb)
        assert done.returncode == 0
        assert "already running" in done.stdout
        assert f"http://localhost:{local.port}" in done.stdout
    assert supervised(local) == before


def test_keys_and_settings_are_the_users_alone(local: Checkout) -> None:
    keys = local.folder / ".airflow" / "keys"
    files = [local.secret, *keys.iterdir()]
    assert len(files) >= 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    closed = [keys, keys.parent / "logs", keys.parent / "run", keys.parent / "postgres"]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in closed if folder.exists()} == {0o700}


def test_no_secret_is_on_a_command_line(local: Checkout) -> None:
    secrets = [file.read_text().strip() for file in (local.folder / ".airflow" / "keys").iterdir()]
    lines = [" ".join(process.cmdline()) for process in local.processes()]
    assert lines
    assert not [line for line in lines for secret in secrets if secret in line]


def test_nothing_listens_beyond_loopback(local: Checkout) -> None:
    pids = {process.pid for process in local.processes()}
    listening = [
        connection.laddr
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and connection.pid in pids
    ]
    assert ("127.0.0.1", local.port) in {(address.ip, address.port) for address in listening}
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_postgres_is_not_roots_and_has_no_tcp(local: Checkout) -> None:
    server = local.main_process("postgres")
    assert server is not None
    assert server.uids().real != 0
    assert not server.net_connections("inet")


def test_a_bad_settings_file_changes_nothing(local: Checkout, api: httpx.Client) -> None:
    good = local.secret.read_text()
    before = api.get("/connections").json()
    local.secret.write_text("airflow: {connections: [{id: new}, {type: no-id}], variables: '{not json'}")
    try:
        done = subprocess.run(
            [local.folder / ".airflow/venv/bin/python", "-m", "local", "sync"],
            cwd=local.folder,
            check=False,
            capture_output=True,
            text=True,
        )
    finally:
        local.secret.write_text(good)
    assert done.returncode == 2
    assert "nothing was changed" in done.stderr
    assert "Traceback" not in done.stderr
    assert api.get("/connections").json() == before


def test_a_restart_keeps_its_port(local: Checkout) -> None:
    command = ["env", "-u", "PORT", "make", "-n", "restart"]
    done = subprocess.run(command, cwd=local.folder, env=local.environment, check=True, capture_output=True, text=True)
    assert f"up --port '{local.port}' --detach" in done.stdout
    given = subprocess.run([*command, "PORT=1"], cwd=local.folder, check=True, capture_output=True, text=True)
    assert "up --port '1' --detach" in given.stdout


def test_shell_is_airflows(local: Checkout) -> None:
    done = local.make("shell", "CMD=airflow config get-value core executor")
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip().endswith("LocalExecutor")


def test_logs_are_one_file_a_service(local: Checkout) -> None:
    for service in SERVICES:
        done = local.make("logs", f"SERVICE={service}", "ARGS=--no-follow --lines 3")
        assert done.returncode == 0
        assert done.stdout.strip()
    unknown = local.make("logs", "SERVICE=nope")
    assert unknown.returncode == 2
    assert "scheduler" in unknown.stdout


def test_kill_9_of_every_component_is_survived(local: Checkout) -> None:
    before = {service: local.main_process(service) for service in COMPONENTS}
    for process in before.values():
        assert process is not None
        process.kill()
    until(lambda: all(new(local, service, before[service]) for service in COMPONENTS), "restarted")
    until(local.healthy, "healthy again")
    assert len(of_kind(local, "scheduler")) == 1, "no worker of the killed scheduler is left beside the new one's"


def test_kill_9_of_postgres_and_of_a_guard_is_survived(local: Checkout) -> None:
    server, triggerer = local.main_process("postgres"), local.main_process("triggerer")
    assert server is not None
    assert triggerer is not None
    guard = triggerer.parent()
    assert guard is not None
    server.kill()
    guard.kill()
    until(lambda: new(local, "postgres", server) and new(local, "triggerer", triggerer), "restarted")
    until(local.healthy, "healthy again")
    assert not triggerer.is_running()


def new(checkout: Checkout, service: str, old: psutil.Process | None) -> bool:
    process = checkout.main_process(service)
    return process is not None and process != old


def of_kind(checkout: Checkout, service: str) -> list[psutil.Process]:
    """The service's processes whose parent is not one of them: one, unless a family outlived its guard."""
    family = [
        process
        for process in checkout.processes()
        if process.cmdline()[1:2] and f"airflow {service}" in " ".join(process.cmdline())
    ]
    pids = {process.pid for process in family}
    return [process for process in family if process.ppid() not in pids]
