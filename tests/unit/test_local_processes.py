"""What `make up` is made of, without Airflow: the guard, the sweep, ports, folders, keys, supervisord's settings."""

import configparser
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from rich.console import Console

from local import keys, ports, services, supervisor
from local.errors import LocalError
from local.orphans import CHECKOUT, SERVICE, of, sweep
from local.place import LONGEST_SOCKET_PATH, Place, holds_socket
from local.run_dag import run_dag
from local.steps import StepError, Steps

ROOT = Path(__file__).parents[2]
GUARD = """
import signal, subprocess, sys
from local.guard import guard
service = subprocess.Popen(sys.argv[2:])
print(service.pid, flush=True)
sys.exit(guard(lambda: service, signal.SIGTERM, float(sys.argv[1])))
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def guarded(
    started: list[subprocess.Popen[str]], grace: float, *command: str
) -> tuple[subprocess.Popen[str], psutil.Process]:
    process = subprocess.Popen(
        [sys.executable, "-c", GUARD, str(grace), *command],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    assert process.stdout
    return process, psutil.Process(int(process.stdout.readline()))


def test_a_guard_ends_its_service_when_its_parent_is_gone(children: list[subprocess.Popen[str]]) -> None:
    process, service = guarded(children, 20, "sleep", "600")
    assert process.stdin
    process.stdin.close()  # what the kernel does for a killed parent
    assert process.wait(60) != 0
    assert not service.is_running()


def test_a_guard_kills_what_does_not_heed_its_signal(children: list[subprocess.Popen[str]]) -> None:
    process, service = guarded(children, 0.5, sys.executable, "-c", STUBBORN)
    assert process.stdout
    assert process.stdout.readline() == "deaf\n"
    begin = time.monotonic()
    process.terminate()
    process.wait(60)
    assert 0.4 < time.monotonic() - begin < 50, "long before it would have ended by itself"
    assert not service.is_running()


def test_a_guard_passes_its_services_exit_code_on(children: list[subprocess.Popen[str]]) -> None:
    process, _ = guarded(children, 5, sys.executable, "-c", "raise SystemExit(7)")
    assert process.wait(60) == 7


def test_a_sweep_finds_a_family_wherever_it_moved_to(tmp_path: Path, children: list[subprocess.Popen[str]]) -> None:
    daemon = "import subprocess; subprocess.Popen(['sleep', '61'], start_new_session=True)"
    mine = {**os.environ, CHECKOUT: str(tmp_path), SERVICE: "scheduler"}
    subprocess.run([sys.executable, "-c", daemon], env=mine, check=True)
    other = subprocess.Popen(["sleep", "61"], env={**mine, SERVICE: "triggerer"}, text=True)
    elsewhere = subprocess.Popen(["sleep", "61"], env={**mine, CHECKOUT: str(tmp_path / "other")}, text=True)
    children += [other, elsewhere]
    assert len(list(of(tmp_path, "scheduler"))) == 1, "the daemon, whose parent has ended"
    assert sweep(tmp_path, "scheduler") == 1
    assert other.poll() is None
    assert sweep(tmp_path) == 1
    assert other.poll() is not None
    assert elsewhere.poll() is None


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=rf"port {port} is taken by process {os.getpid()} .*PORT={port + 1}"):
            ports.claim(port)
    ports.claim(port)


@pytest.mark.parametrize("text", ["abc", "", "0", "65536", "-1", "1 2", "80.0", "\u0663"])
def test_a_port_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match=rf"PORT={text}: must be a number from 1 to 65535, as in PORT=1235"):
        ports.number(text)
    assert ports.number("65535") == 65535


def test_a_folder_that_cannot_serve_lies_elsewhere_and_is_found_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.folder("here", lambda _: True) == tmp_path / ".airflow" / "here"
    moved = place.folder("there", lambda _: False)
    try:
        assert stat.S_IMODE(moved.stat().st_mode) == 0o700
        assert tmp_path not in moved.parents
        assert place.folder("there", lambda _: True) == moved
    finally:
        place.remove()
    assert not moved.exists()
    assert not place.root.exists()
    place.remove()


def test_a_sockets_path_has_a_limit(tmp_path: Path) -> None:
    name = "s" * (LONGEST_SOCKET_PATH - len(os.fsencode(tmp_path)) - 1)
    assert holds_socket(tmp_path, name)
    assert not holds_socket(tmp_path, name + "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / name))


def test_keys_are_made_once_and_are_the_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = keys.load(folder)
    assert keys.load(folder) == made
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "jwt-secret").unlink()
    (folder / "jwt-secret.new").write_text("half")  # a crash while it was written
    again = keys.load(folder)
    assert again.jwt_secret not in (made.jwt_secret, "half")
    assert again.fernet_key == made.fernet_key
    assert len({made.jwt_secret, made.api_secret_key, made.fernet_key, made.admin_password}) == 4


def test_supervisord_restarts_and_rotates_every_service() -> None:
    read = configparser.RawConfigParser()
    read.read_string(supervisor.configuration())
    for service in services.SUPERVISED:
        program = read[f"program:{service.name}"]
        assert program["autorestart"] == "true"
        assert int(program["stdout_logfile_backups"]) > 0
        assert int(program["stopwaitsecs"]) > service.grace, "the guard kills before supervisord kills the guard"
    grouped = {name for group in ("database", "airflow") for name in read[f"group:{group}"]["programs"].split(",")}
    assert grouped == {service.name for service in services.SUPERVISED}
    assert int(read["group:database"]["priority"]) < int(read["group:airflow"]["priority"]), "stopped last"


def test_steps_are_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    steps = Steps()
    with steps.step("database") as step:
        step.detail = "up to date"
    log = tmp_path / "x.log"
    log.write_text("\n".join(f"line {number}" for number in range(100)))
    with pytest.raises(StepError) as failed, steps.step("scheduler"):
        raise StepError("the scheduler does not stay up", "mend that", log)
    printed = capsys.readouterr().out
    assert [line.split()[:2] for line in printed.splitlines()] == [["✓", "database"], ["✗", "scheduler"]]
    assert "\x1b" not in printed
    report = failed.value.report()
    assert "line 99" in report
    assert "line 79" not in report
    assert report.endswith("mend that")


def test_ctrl_c_leaves_a_run_going_and_says_so() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/dagRuns/r1"):
            raise KeyboardInterrupt
        return httpx.Response(200, json={"is_paused": False, "dag_run_id": "r1"})

    console = Console(record=True, width=200)
    api = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://airflow.example")
    with api, pytest.raises(KeyboardInterrupt):
        run_dag(api, console, "canary", "{}", timeout=60)
    assert "canary goes on, the UI shows it (run r1)" in console.export_text()


@pytest.mark.parametrize("verb", ["status", "logs", "shell", "run", "stop"])
def test_a_broken_off_installation_is_none(verb: str, tmp_path: Path) -> None:
    for name in ("Makefile", "make", "image"):
        (tmp_path / name).symlink_to(ROOT / name)
    python = tmp_path / ".airflow" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/false")
    done = subprocess.run(["make", verb, "DAG=canary"], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert "no Airflow in this checkout yet" in done.stderr or done.stdout == "nothing runs here\n"
