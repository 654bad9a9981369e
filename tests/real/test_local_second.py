"""A second checkout beside the first: two ports at once, and every way in which `make up` can be ended."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

from tests.real.local_checkout import Checkout
from tests.real.waiting import PATIENCE, until

pytestmark = [pytest.mark.xdist_group("local"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def second(fresh: tuple[Checkout, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    checkout = Checkout.fresh(tmp_path_factory.mktemp("second"), installed_by=fresh[0])
    try:
        yield checkout
    finally:
        checkout.make("clean", "YES=1")


def attached(checkout: Checkout, last_line: str) -> subprocess.Popen[str]:
    """`make up` in the foreground, read up to a line that begins with `last_line`; make's process."""
    process = subprocess.Popen(
        ["make", "--no-print-directory", "up"],
        cwd=checkout.folder,
        env=checkout.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    seen = read_to(process.stdout, last_line)
    assert seen[-1].strip().startswith(last_line), "".join(seen)
    return process


def read_to(lines: IO[str], last_line: str) -> list[str]:
    seen = []
    for line in lines:
        seen.append(line)
        if line.strip().startswith(last_line):
            break
    return seen


def gone(checkout: Checkout) -> None:
    until(lambda: not checkout.processes(), f"no process of {checkout.folder} left")


def test_a_taken_port_is_named_with_who_has_it(local: Checkout, second: Checkout) -> None:
    done = second.make("start", f"PORT={local.port}")
    assert done.returncode != 0
    assert f"port {local.port} is taken by the Airflow of {local.folder}" in done.stdout
    assert "Traceback" not in done.stdout
    assert not second.processes()


def test_bad_settings_start_nothing(second: Checkout) -> None:
    second.secret.write_text("airflow: {connections: [{type: no-id}]}")
    done = second.make("start")
    second.secret.unlink()
    assert done.returncode != 0
    assert "secret.yaml" in done.stdout
    assert "Traceback" not in done.stdout
    assert not second.processes()
    assert not (second.folder / ".airflow" / "keys").exists()


def test_ctrl_c_while_it_starts_ends_everything(second: Checkout) -> None:
    process = attached(second, "✓ PostgreSQL")
    process.send_signal(signal.SIGINT)
    psutil.Process(process.pid).children()[0].send_signal(signal.SIGINT)  # a terminal signals the whole group
    process.communicate(timeout=PATIENCE)
    assert not second.processes()


def test_kill_9_of_make_up_leaves_no_orphan(second: Checkout) -> None:
    process = attached(second, "✓ connections")
    for child in psutil.Process(process.pid).children():
        child.kill()
    process.communicate(timeout=PATIENCE)
    gone(second)


def test_two_checkouts_on_two_ports(local: Checkout, second: Checkout) -> None:
    second.start()
    assert local.healthy()
    assert second.healthy()
    with local.api() as here, second.api() as there:
        there.post("/variables", json={"key": "second", "value": "only"}).raise_for_status()
        assert here.get("/variables/second").status_code == 404
    assert local.password != second.password


def test_kill_9_of_the_supervisor_leaves_no_orphan(second: Checkout) -> None:
    (supervisor,) = [process for process in second.processes() if "supervisord" in " ".join(process.cmdline())]
    supervisor.kill()
    gone(second)


def test_it_recovers_and_ends_with_its_caller(local: Checkout, second: Checkout) -> None:
    process = attached(second, "Ctrl-C")
    assert second.healthy()
    with second.api() as there:
        assert there.get("/variables/second").json()["value"] == "only", "the database outlived the crash"
    process.kill()  # make alone: what it called must notice
    assert process.stdout is not None
    process.stdout.close()
    process.wait()
    gone(second)
    assert local.healthy(), "the other checkout's was left alone"


def test_make_clean_asks_and_removes_all(second: Checkout) -> None:
    assert second.make("clean").returncode != 0, "without an answer nothing is removed"
    assert (second.folder / ".airflow").exists()
    (elsewhere,) = [file.read_text().strip() for file in (second.folder / ".airflow").glob("*.elsewhere")] or [None]
    assert second.make("clean", "YES=1").returncode == 0
    assert not (second.folder / ".airflow").exists()
    assert not (elsewhere and Path(elsewhere).exists())
