"""`python -m bot` as a process: its environment, its socket to Slack, and how it is stopped."""

import base64
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.settings import BadEnvironmentError, BotSettings, load
from infra.preview.planning import ROOT
from tests.unit.bot_services import GitHubServer, SlackServer, served

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


class Socket:
    """Slack's end of a socket-mode connection: greets, sends one envelope, keeps what comes back."""

    def __init__(self, envelope: dict[str, Any]) -> None:
        self.envelope, self.acknowledged = envelope, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}/link"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as incoming:
            key = b""
            while (line := incoming.readline().strip()) != b"":
                if line.lower().startswith(b"sec-websocket-key:"):
                    key = line.split(b":", 1)[1].strip()
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            for message in ({"type": "hello"}, self.envelope):
                data = json.dumps(message).encode()
                connection.sendall(b"\x81" + bytes([126]) + struct.pack(">H", len(data)) + data)
            while head := incoming.read(2):
                size = head[1] & 127
                size = struct.unpack(">H", incoming.read(2))[0] if size == 126 else size
                mask, data = incoming.read(4), incoming.read(size)
                text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
                if head[0] & 15 == 1 and json.loads(text).get("envelope_id") == self.envelope["envelope_id"]:
                    self.acknowledged.set()


def environment(**over: str) -> dict[str, str]:
    own = BotSettings.model_fields.keys()
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    kept = {key: value for key, value in kept.items() if key.lower() not in own}
    return {
        **kept, "SLACK_BOT_TOKEN": "xoxb-secret", "SLACK_APP_TOKEN": "xapp-secret", "DELIVERY_TOKEN": "ghp-secret",
        "REPOSITORY": "acme/data", "CHANNELS": "C1, C9", "USERS": "U1 U2", **over,
    }  # fmt: skip


def bot(**over: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot"]
    return subprocess.Popen(command, cwd=ROOT, env=environment(**over), stderr=subprocess.PIPE, text=True)


@pytest.fixture
def services() -> Iterator[tuple[SlackServer, GitHubServer]]:
    with ExitStack() as stack:
        slack, github = SlackServer(), GitHubServer()
        stack.enter_context(served(slack))
        stack.enter_context(served(github))
        yield slack, github


def test_a_command_comes_by_the_socket_and_the_process_stops_when_told(
    services: tuple[SlackServer, GitHubServer], tmp_path: Path
) -> None:
    slack, github = services
    answered = threading.Event()
    reply = slack.reply

    def noted(method: str, path: str, query: dict[str, str], body: Any) -> Any:
        done = reply(method, path, query, body)
        if path == "/response":
            answered.set()
        return done

    slack.reply = noted  # type: ignore[method-assign]
    payload = {
        "command": "/airflow", "text": "where", "user_id": "U1", "channel_id": "C9", "team_id": "T1",
        "response_url": f"{slack.url}/response", "api_app_id": "A1", "trigger_id": "1.2", "token": "x",
    }  # fmt: skip
    link = Socket({"type": "slash_commands", "envelope_id": "e1", "payload": payload})
    slack.socket = link.url
    state = str(tmp_path / "state.json")
    process = bot(SLACK_API=f"{slack.url}/api/", GITHUB_API=github.url, STATE_FILE=state)
    try:
        assert answered.wait(60)
        assert link.acknowledged.wait(10)
        assert slack.answered[0]["text"] == "integration is free. Nothing is under way"
        assert slack.tokens >= {"Bearer xoxb-secret", "Bearer xapp-secret"}
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "secret" not in said


def test_a_wrong_environment_is_told_whole_and_without_a_value() -> None:
    process = bot(REPOSITORY="not a repository", CHANNELS="", DELIVERY="jenkins", DELIVERY_TOKEN="")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "CHANNELS",
        "DELIVERY",
        "DELIVERY_TOKEN",
        "REPOSITORY",
    ]
    assert "Traceback" not in said
    assert "secret" not in said


def test_circleci_without_its_token_is_refused() -> None:
    with pytest.raises(BadEnvironmentError, match="CIRCLECI_TOKEN: required"):
        load(environment(DELIVERY="circleci"))


def test_tokens_that_slack_refuses_are_one_sentence(services: tuple[SlackServer, GitHubServer]) -> None:
    slack, _ = services
    slack.once("POST", "/auth.test", 200, {"ok": False, "error": "invalid_auth"})
    process = bot(SLACK_API=f"{slack.url}/api/")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Slack refuses SLACK_BOT_TOKEN or SLACK_APP_TOKEN" in said
    assert "Traceback" not in said
