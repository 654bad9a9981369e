"""Slack's side: the slash command, who may use it and where."""

import logging
import re
import time
from pathlib import Path
from typing import Any

from slack_bolt import App
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.circleci import CircleCI
from bot.commands import Commands
from bot.delivery import Delivery, OfBoth
from bot.follow import Follower
from bot.github import GitHub, connect
from bot.lock import Locks
from bot.rest import Rest, Sleep
from bot.settings import BotSettings
from bot.state import State

_LOG = logging.getLogger(__name__)


def build(settings: BotSettings, slack: App, sleep: Sleep = time.sleep, poll: float = 20.0) -> Follower:
    """Wire the command into a Slack app. What is returned goes on with the work of before a restart: `resume()`.

    `poll` is the seconds between two looks at what is under way.
    """
    rest = connect(settings.delivery_token.get_secret_value(), settings.github_api, sleep)
    github = GitHub(rest, settings.repository, sleep)
    delivery = _delivery(settings, github, sleep)
    slack.client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))

    def say(channel: str, text: str) -> bool:
        try:
            slack.client.chat_postMessage(channel=channel, text=escaped(text))  # pyright: ignore[reportUnknownMemberType]
        except (SlackClientError, OSError) as error:  # what Slack refuses, and a Slack that does not answer
            _LOG.error("Slack took no message: %s", error)
            return False
        return True

    dags = GitHub(rest, settings.dags_repository, sleep, dags=True) if settings.dags_repository else None
    outcomes = OfBoth(delivery, dags) if dags else delivery
    follower = Follower(outcomes, State(Path(settings.state_file)), say, poll, sleep)
    commands = Commands(github, Locks(rest, settings.repository), delivery, follower, dags)

    def airflow(ack: Any, command: dict[str, str], respond: Any) -> None:
        ack()  # Slack waits three seconds; what follows may take longer
        if refusal := _refusal(settings, command):
            respond(refusal, response_type="ephemeral")
            return
        respond(escaped(_answer(commands, command)), response_type="in_channel")

    slack.command("/airflow")(airflow)  # pyright: ignore[reportUnknownMemberType]
    return follower


def escaped(text: str) -> str:
    """As Slack wants text: a reason or a check's name that says `<!channel>` calls nobody; people are still named."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"&lt;@([A-Z0-9]+)&gt;", r"<@\1>", safe)


def _refusal(settings: BotSettings, command: dict[str, str]) -> str:
    if command["channel_id"] not in settings.channels:
        return "Not here: the bot listens in other channels."
    if command["user_id"] not in settings.users:
        return f"<@{command['user_id']}> may not deploy; whoever runs the bot can add you."
    return ""


def _answer(commands: Commands, command: dict[str, str]) -> str:
    try:
        return commands.run(command.get("text", ""), command["user_id"], command["channel_id"])
    except Exception:  # silence would be taken for "nothing happened"
        _LOG.exception("/airflow %s", command.get("text", ""))
        return "The bot has a defect, its log says which. `/airflow where` shows whether something was started."


def _delivery(settings: BotSettings, github: GitHub, sleep: Sleep) -> Delivery:
    if settings.delivery == "github" or settings.circleci_token is None:
        return github
    headers = {"Circle-Token": settings.circleci_token.get_secret_value()}
    return CircleCI(Rest("CircleCI", settings.circleci_api, headers, sleep), settings.repository, sleep)
