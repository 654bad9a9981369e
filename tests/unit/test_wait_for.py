"""What our Jobs wait with, as bash runs it: for a port that opens late, for one that never does, for a name."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from infra import wait_for


@pytest.fixture
def port() -> Iterator[int]:
    """A port that is taken and refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def run(
    *endpoints: wait_for.Endpoint, then: tuple[str, ...] = ("echo", "connected"), seconds: int = 3
) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in wait_for.command(endpoints, then)]
    words[4] = str(seconds)
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.guarantee("what runs once waits for its way")
def test_it_waits_for_what_opens_late_and_says_for_what() -> None:
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        port = late.getsockname()[1]
        threading.Timer(2, late.listen).start()
        began = time.monotonic()
        done = run(("localhost", port), seconds=30)
    assert (done.returncode, done.stdout) == (0, "connected\n")
    assert 1.5 < time.monotonic() - began < 20
    waited, reached = done.stderr.splitlines()
    assert waited == f"waiting up to 30 s for localhost:{port} (Connection refused)"
    assert reached.startswith(f"localhost:{port} can be reached after ")


def test_it_says_nothing_where_the_way_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = run(("127.0.0.1", server.getsockname()[1]), then=("sh", "-c", "echo one; exit 5"))
    assert (done.returncode, done.stdout, done.stderr) == (5, "one\n", "")


@pytest.mark.guarantee("what runs once waits for its way")
def test_in_vain_it_tells_what_either_means(port: int) -> None:
    done = run(("127.0.0.1", port))
    assert (done.returncode, done.stdout) == (1, "")
    why = "(Connection refused): refused by a NetworkPolicy, or nothing listens"
    assert done.stderr.splitlines()[-1] == f"127.0.0.1:{port} cannot be reached in 3 s {why}"


def test_every_endpoint_is_waited_for_and_a_name_that_is_not_known_is_told(port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_one = ("127.0.0.1", server.getsockname()[1])
        assert run(open_one, ("127.0.0.1", port)).returncode == 1
        done = run(open_one, ("nothing.invalid", 5432))
    assert done.returncode == 1
    assert "nothing.invalid:5432 cannot be reached in 3 s (" in done.stderr
    assert "refused)" not in done.stderr


def test_arguments_reach_the_command_as_they_are() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = ("127.0.0.1", server.getsockname()[1])
        done = run(endpoint, then=("printf", "%s|", "a b", "$HOME", "--", ""))
        assert done.stdout == "a b|$HOME|--||"
        alone = run(endpoint, then=())
    assert (alone.returncode, alone.stdout + alone.stderr) == (0, "")


def test_without_an_endpoint_it_is_the_command() -> None:
    assert wait_for.command((), ("sleep", "900")) == ["sleep", "900"]
