"""What must be done before Airflow's processes start: settings checked, database migrated, user and settings in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from local import database, keys
from local.errors import LocalError
from local.orphans import CHECKOUT
from local.place import Place
from local.steps import Step, StepError

ADMIN = "admin"
_BAD_SETTINGS = 2
_SYNC = Path("infra", "airflow", "sync")
_SET_ADMIN = Path("local", "scripts", "set_admin.py")


def settings_file(place: Place) -> Path:
    """The connections and variables of this machine: git-ignored, 0600, made from the example the first time."""
    folder = place.checkout / "settings" / "local"
    secret = folder / "secret.yaml"
    if not secret.exists():
        draft = folder / "secret.yaml.new"
        draft.touch(mode=0o600)
        shutil.copyfile(folder / "secret.example.yaml", draft)
        draft.rename(secret)
    return secret


def check_settings(place: Place) -> None:
    """Raise LocalError where the settings are wrong; nothing is started or changed for it."""
    secret = settings_file(place)
    done = _python(place, [_SYNC, "--check", secret], {})
    if done.returncode:
        raise LocalError(f"{done.stdout.strip()}\nmend {secret} (`make edit-secret STACK=local`); nothing was changed")


def sync(place: Place, environment: dict[str, str], step: Step) -> None:
    """Make Airflow's connections, variables, pools and users match the settings."""
    options = ["--passwords-file", place.keys / "passwords.json", "--administrator", ADMIN]
    done = _python(place, [_SYNC, *options, settings_file(place)], environment)
    if done.returncode:
        raise _failed(place, "the settings could not be applied", "settings", done.stdout)
    step.detail = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def migrate(place: Place, environment: dict[str, str], step: Step) -> bool:
    """Bring the schema to this Airflow's, and give the user admin the password of the keys; once for each version.

    False where an earlier start has done that. What was done is written into the database itself, so that a lost or
    copied database is not taken for done.
    """
    server, password = database.choose(place), keys.load(place.keys).admin_password
    server.create_database(database.NAME)
    pins = (place.checkout / "image" / "requirements.txt").read_bytes()
    wanted = hashlib.sha256(pins + password.encode()).hexdigest()
    known = server.sql(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()",
        database.NAME,
    )
    if known == wanted:
        step.detail = "up to date"
        return False
    place.home.mkdir(exist_ok=True)
    # else Airflow writes one with all its defaults, which says what is not so
    (place.home / "airflow.cfg").write_text("# The options are environment variables: infra/airflow/config.py\n")
    done = _python(place, ["-m", "airflow", "db", "migrate"], environment)
    if done.returncode:
        raise _failed(place, "the database could not be migrated", "migrate", done.stdout)
    done = _python(place, [_SET_ADMIN], environment, f"{password}\n")
    if done.returncode:
        raise _failed(place, "the user admin could not be made", "admin", done.stdout)
    server.sql(f"comment on database {database.NAME} is '{wanted}'")
    return True


def _python(
    place: Place, arguments: list[str | Path], environment: dict[str, str], given: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [place.venv / "bin" / "python", *arguments],
        cwd=place.checkout,
        # marked, so that it ends with the rest where `make up` is killed meanwhile
        env={**(environment or os.environ), CHECKOUT: str(place.checkout)},
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _failed(place: Place, message: str, name: str, output: str) -> StepError:
    log = place.logs / f"{name}.log"
    log.write_text(output)
    return StepError(message, "then `make up` again; `make clean` starts from nothing", log)
