"""A Fernet key that does not read the database stops a deployment before anything is written, and says the cure."""

import base64
import os
import subprocess
from dataclasses import dataclass

import pytest

from tests.real.airflow_here import FERNET_KEY, SYNC, VENV, AirflowHere, Done

OTHER, THIRD = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"a", b"b"))
KEY = "AIRFLOW__CORE__FERNET_KEY"
SETTINGS = """
airflow:
  connections:
    - {id: warehouse, type: postgres, password: s3cr3t-v4lue}
    - {id: bare, type: http}
    - {id: with_extra, type: http, extra: {token: s3cr3t-v4lue}}
  variables: {flag: s3cr3t-v4lue}
"""
#: How a key can have changed, and what of the settings above it does not read any more.
CHANGED = {
    "made anew": OTHER,
    "a list that lost the old one": f"{OTHER},{THIRD}",
    "no key at all": "",
    "cut short": FERNET_KEY[:-4],
    "no base64": "not a key",
    "one of two is no key": f"{FERNET_KEY},not-a-key",
}
ALL = ("2 × connection: warehouse, with_extra", "1 × variable: flag")


@dataclass
class Filled:
    """An Airflow whose database holds what SETTINGS says, encrypted."""

    airflow: AirflowHere

    def sync(self, key: str, settings: str = SETTINGS) -> Done:
        return self.airflow.sync(settings, env={KEY: key})

    def before_the_migration(self, key: str) -> Done:
        """The look by itself, as the migration Job takes it."""
        request = {"argv": [str(SYNC / "settings_encryption.py")], "env": {**self.airflow.env, KEY: key}}
        return self.airflow.server.start(request).wait()


@pytest.fixture
def filled(airflow: AirflowHere) -> Filled:
    assert airflow.sync(SETTINGS).code == 0
    return Filled(airflow)


@pytest.mark.parametrize("key", CHANGED.values(), ids=CHANGED)
@pytest.mark.guarantee("a Fernet key that cannot read what is stored")
def test_a_key_that_changed_changes_nothing_and_says_the_cure(filled: Filled, key: str) -> None:
    before = filled.airflow.contents()
    for done in (filled.sync(key), filled.sync(key, "airflow: {}"), filled.before_the_migration(key)):
        assert done.code == 1, done.out
        assert done.err.splitlines()[-1] == "nothing was changed"
        assert "s3cr3t" not in done.out + done.err
        assert not [one for one in key.split(",") if len(one) > 20 and one in done.err]
        if key in (OTHER, f"{OTHER},{THIRD}"):
            assert all(line in done.err for line in ALL)
            assert "`make rotate-fernet STACK=… RELEASE=… EARLIER=COMMIT`" in done.err
        else:
            assert "unforeseen" not in done.err
            assert KEY in done.err
    assert filled.airflow.contents() == before


@pytest.mark.parametrize("key", [FERNET_KEY, f"{OTHER},{FERNET_KEY}", f"{FERNET_KEY},{OTHER}"])
@pytest.mark.guarantee("a Fernet key that cannot read what is stored")
def test_a_key_that_reads_everything_passes(filled: Filled, key: str) -> None:
    assert filled.sync(key).last() == "0 changes"
    done = filled.before_the_migration(key)
    assert (done.code, done.out) == (0, "the Fernet key reads what is in the database\n")


def test_a_rotation_broken_off_half_way_names_what_it_has_not_reached(filled: Filled) -> None:
    filled.airflow.python(
        "from airflow.models.crypto import get_fernet\n"
        "from airflow.models import Variable\n"
        "from airflow.utils.session import create_session\n"
        "import cryptography.fernet as f\n"
        "with create_session() as session:\n"
        "    one = session.query(Variable).filter_by(key='flag').one()\n"
        "    one._val = f.Fernet(other.encode()).encrypt(b'x').decode()\n"
        "answer = 1",
        other=OTHER,
    )
    for key, left in ((OTHER, ALL[0]), (FERNET_KEY, ALL[1])):
        done = filled.sync(key)
        assert done.code == 1
        assert left in done.err
        assert ALL[1 - ALL.index(left)] not in done.err
    assert filled.sync(f"{OTHER},{FERNET_KEY}").code == 0


def test_what_a_person_stored_and_a_deferred_task_count_too(filled: Filled) -> None:
    filled.airflow.python(
        "from airflow.models import Connection, Trigger, Variable\n"
        "from airflow.utils.session import create_session\n"
        "from datetime import datetime, timezone\n"
        "with create_session() as session:\n"
        "    session.add(Connection(conn_id='by_hand', conn_type='http', password='p'))\n"
        "    session.add(Variable(key='by_hand_too', val='v'))\n"
        "    session.add(Trigger(classpath='a.B', kwargs={'x': 1}, created_date=datetime.now(timezone.utc)))\n"
        "answer = 1"
    )
    filled.airflow.sql("insert into variable (key, val, is_encrypted) values ('in_clear', 'v', false)")
    filled.airflow.sql("insert into trigger (classpath, kwargs, created_date) values ('a.B', '{}', now())")
    done = filled.before_the_migration(OTHER)
    assert "3 × connection: by_hand, warehouse, with_extra" in done.err
    assert "2 × variable: by_hand_too, flag" in done.err
    assert "1 × trigger of a deferred task: " in done.err
    assert filled.before_the_migration(FERNET_KEY).code == 0


def test_many_are_counted_and_few_named(airflow: AirflowHere) -> None:
    many = "".join(f"    v{number:04}: text\n" for number in range(2500))
    assert airflow.sync(f"airflow:\n  variables:\n{many}").code == 0
    done = airflow.sync("airflow: {}", env={KEY: OTHER})
    assert (
        "2500 × variable: v0000, v0001, v0002, v0003, v0004, v0005, v0006, v0007, v0008, v0009 and 2490 more"
        in done.err
    )
    assert len(done.err) < 2048  # what Kubernetes keeps of a log as a container's last words


def test_a_database_that_holds_nothing_yet_passes(filled: Filled) -> None:
    postgres = filled.airflow.postgres
    postgres.sql("create database quite_new")
    new = Filled(filled.airflow)
    new.airflow.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = postgres.url("quite_new")
    assert new.before_the_migration(OTHER).code == 0


def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path: object) -> None:
    url = "postgresql+psycopg2://airflow:s3cr3t-v4lue@127.0.0.1:1/airflow"
    env = {"PATH": os.environ["PATH"], KEY: FERNET_KEY, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}
    command = [VENV / "bin" / "python", SYNC / "settings_encryption.py"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: the database cannot be reached: ")
    assert "Traceback" not in done.stderr
    assert "s3cr3t" not in done.stderr
