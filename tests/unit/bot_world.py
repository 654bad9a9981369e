"""The bot between its three services, with a Slack app that is spoken to as socket mode does."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot import app as bot_app
from bot.follow import Follower
from bot.settings import BotSettings
from tests.unit.bot_services import CircleServer, GitHubServer, SlackServer, served

TOKENS = {"slack_bot_token": "xoxb-secret", "slack_app_token": "xapp-secret", "delivery_token": "ghp-secret"}
ROOM, ANN = "C1", "U1"


@dataclass
class World:
    """The bot between its three services; `naps` are the seconds that it slept, none of them real."""

    slack: SlackServer
    github: GitHubServer
    circle: CircleServer
    folder: Path
    naps: list[float] = field(default_factory=list[float])
    dags: str = ""

    def start(self, delivery: str = "github") -> tuple[App, Follower]:
        client = WebClient("xoxb-secret", base_url=f"{self.slack.url}/api/")
        slack = App(client=client, process_before_response=True)
        given: dict[str, Any] = {
            **TOKENS, "circleci_token": "circle-secret", "repository": "acme/data", "channels": ROOM, "users": ANN,
            "delivery": delivery, "dags_repository": self.dags,
            "github_api": self.github.url, "circleci_api": self.circle.url,
            "state_file": str(self.folder / "state.json"),
        }  # fmt: skip
        return slack, bot_app.build(BotSettings.model_validate(given), slack, self.sleep, poll=1)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)

    def say(self, text: str, app: App, user: str = ANN, channel: str = ROOM) -> str:
        """A slash command as socket mode hands it to the app; the answer that reached Slack."""
        body = {
            "command": "/airflow", "text": text, "user_id": user, "channel_id": channel, "team_id": "T1",
            "response_url": f"{self.slack.url}/response", "api_app_id": "A1", "trigger_id": "1.2", "token": "x",
        }  # fmt: skip
        done = app.dispatch(BoltRequest(mode="socket_mode", body=body))
        assert done.status == 200
        return str(self.slack.answered[-1]["text"])

    @property
    def state(self) -> Any:
        return json.loads((self.folder / "state.json").read_text())


@contextmanager
def made(folder: Path) -> Iterator[World]:
    """A world whose bot keeps its state in `folder`."""
    with ExitStack() as stack:
        services = (SlackServer(), GitHubServer(), CircleServer())
        for service in services:
            stack.enter_context(served(service))
        yield World(*services, folder)
