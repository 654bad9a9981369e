"""Where the checkout's PostgreSQL lies and who runs it, whoever calls: no folder's mode is changed for it."""

import os
import stat
from pathlib import Path

import pytest

from local import database
from local.place import Place
from local.postgres import wheel_bin
from tests.real.airflow_here import VENV

pytestmark = pytest.mark.skipif(not VENV.exists(), reason="no Airflow in .airflow/venv: make .airflow/.installed")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A checkout below a folder that is its owner's alone, as root's home is."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    made = Place(closed / "checkout")
    made.root.mkdir(parents=True)
    made.venv.symlink_to(VENV)
    return made


def modes(folder: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in folder.parents}


def test_it_serves_below_a_closed_folder(place: Place) -> None:
    before = modes(place.root)
    server = database.choose(place)
    (server.folder / "data.new").mkdir()  # an initdb that was killed
    try:
        server.start()
        server.create_database(database.NAME)
        assert server.sql("select 1") == "1"
        assert server.data.stat().st_uid != 0, "PostgreSQL refuses root"
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        assert database.choose(place) == server, "the next run finds it again"
    finally:
        server.stop()
        place.remove()
    assert modes(place.root) == before
    assert not server.folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_lends_an_account(place: Place) -> None:
    server = database.choose(place)
    try:
        account = server.account()
        assert account is not None
        assert account.pw_uid != 0
        assert server.folder.stat().st_uid == account.pw_uid
        assert place.checkout not in server.folder.parents, "that account does not reach the checkout"
    finally:
        place.remove()


# too long for a socket; and what initdb would hand to a shell unquoted
@pytest.mark.parametrize("folder", ["deep" * 20, 'it\'s "ours"', "$HOME `id`"])
def test_no_path_is_a_hindrance(folder: str, tmp_path: Path) -> None:
    place = Place(tmp_path / folder / "checkout")
    (place.root / "postgres").mkdir(parents=True, mode=0o700)
    (place.root / "postgres" / "socket").mkdir(mode=0o700)  # of an earlier run, where the checkout was moved here
    venv = place.venv / "lib" / "python3.11" / "site-packages"
    venv.parent.mkdir(parents=True)
    venv.symlink_to(wheel_bin(VENV).parents[2])
    server = database.choose(place)
    try:
        server.start()
        assert server.sql("select 1") == "1"
    finally:
        server.stop()
        place.remove()
