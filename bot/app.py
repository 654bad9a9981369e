"""Slack's side: the slash command, who may use it and where."""

from pathlib import Path
from typing import Any

from slack_bolt import App
from slack_sdk.errors import SlackApiError

from bot.circleci import CircleCI
from bot.commands import Commands
from bot.delivery import Delivery
from bot.github import GitHub
from bot.rest import Rest
from bot.settings import BotSettings
from bot.state import State


def build(settings: BotSettings, slack: App, poll: float = 20.0) -> Commands:
    """Wire the command into a Slack app."""
    token = settings.delivery_token.get_secret_value()
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    github = GitHub(Rest("GitHub", settings.github_api, headers), settings.repository)

    def say(channel: str, text: str) -> None:
        try:
            slack.client.chat_postMessage(channel=channel, text=text)  # pyright: ignore[reportUnknownMemberType]
        except SlackApiError as error:
            slack.logger.error("Slack took no message: %s", error)

    state = State(Path(settings.state_file))
    commands = Commands(github, _delivery(settings, github), state, say, poll)

    def airflow(ack: Any, command: dict[str, str], respond: Any) -> None:
        ack()  # Slack waits three seconds; what follows may take longer
        respond(_answer(settings, commands, command), response_type="in_channel")

    slack.command("/airflow")(airflow)  # pyright: ignore[reportUnknownMemberType]
    return commands


def _answer(settings: BotSettings, commands: Commands, command: dict[str, str]) -> str:
    if command["channel_id"] not in settings.channels:
        return "Not here: the bot listens in other channels."
    if command["user_id"] not in settings.users:
        return f"<@{command['user_id']}> may not deploy; whoever runs the bot can add you."
    return commands.run(command.get("text", ""), command["user_id"], command["channel_id"])


def _delivery(settings: BotSettings, github: GitHub) -> Delivery:
    if settings.delivery == "github" or settings.circleci_token is None:
        return github
    headers = {"Circle-Token": settings.circleci_token.get_secret_value()}
    return CircleCI(Rest("CircleCI", settings.circleci_api, headers), settings.repository)
