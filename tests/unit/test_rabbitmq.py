"""What RabbitMQ runs at every start: the password of the Secret is the user's, whenever the server is up."""

import subprocess
from pathlib import Path

import pytest

from infra.airflow.rabbitmq import APPLY_AT_START

# As the official image's: it reads standard input for two words alone, and with more it waits for ever.
RABBITMQCTL = """#!/bin/sh
echo "$@" >>"$HOME/calls"
[ $# -eq 2 ] || exec tail -f /dev/null
[ "$(grep -c . "$HOME/calls")" -gt 2 ] || exit 69  # the node is not up yet
cat >"$HOME/password"
"""
# A pause is when the server makes its cookie.
SLEEP = """#!/bin/sh
echo cookie >"$HOME/.erlang.cookie"
"""


def _run(home: Path, sleep: str = SLEEP) -> int:
    programs = home / "bin"
    programs.mkdir()
    for name, text in (("rabbitmqctl", RABBITMQCTL), ("sleep", sleep)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    env = {"HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "RABBITMQ_DEFAULT_USER": "airflow"}
    env["RABBITMQ_DEFAULT_PASS"] = "a %s 'word'"
    return subprocess.run(["sh", "-c", APPLY_AT_START], env=env, timeout=60, check=False).returncode


@pytest.mark.guarantee("a changed broker password")
def test_the_password_is_set_once_the_server_is_up(tmp_path: Path) -> None:
    assert _run(tmp_path) == 0
    assert (tmp_path / "calls").read_text() == "change_password airflow\n" * 3
    assert (tmp_path / "password").read_text() == "a %s 'word'"


def test_a_server_that_never_comes_up_is_started_anew(tmp_path: Path) -> None:
    assert _run(tmp_path, "#!/bin/sh\n") == 1
    assert not (tmp_path / "calls").exists(), "nothing races the server to its cookie"
