"""What the bot is told, by environment variables alone: tokens come from a Secret and stand in no argument."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError


def _words(value: object) -> object:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]


class BadEnvironmentError(Exception):
    """What is wrong with the environment, all of it, by variable and without a value."""


class BotSettings(BaseModel):
    """Each field is the variable of its name in capitals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    slack_bot_token: SecretStr = Field(description="xoxb-…: writes messages")
    slack_app_token: SecretStr = Field(description="xapp-…: opens the socket, so that no public address is needed")
    delivery_token: SecretStr = Field(description="GitHub token: contents and actions; checks read")
    circleci_token: SecretStr | None = Field(default=None, description="where DELIVERY is circleci")
    delivery: Literal["github", "circleci"] = "github"
    repository: str = Field(pattern=r"^[\w.-]+/[\w.-]+$", description="OWNER/NAME")
    dags_repository: str = Field(
        default="", pattern=r"^([\w.-]+/[\w.-]+)?$", description="OWNER/NAME of the DAGs, where they have their own"
    )
    channels: Words = Field(description="ids of the channels in which the bot listens")
    users: Words = Field(description="ids of the people who may deploy")
    slack_api: str = "https://slack.com/api/"
    github_api: str = "https://api.github.com"
    circleci_api: str = "https://circleci.com/api/v2"
    state_file: str = "/var/lib/airflow-bot/state.json"


def load(environment: Mapping[str, str] | None = None) -> BotSettings:
    """The settings of this process. Raises BadEnvironmentError with every problem at once."""
    given = os.environ if environment is None else environment
    values = {name: given[name.upper()] for name in BotSettings.model_fields if given.get(name.upper())}
    try:
        settings = BotSettings.model_validate(values)
    except ValidationError as error:
        lines = [
            f"{str(one['loc'][0]).upper()}: {one['msg']} ({_meaning(str(one['loc'][0]))})" for one in error.errors()
        ]
        raise BadEnvironmentError("\n".join(sorted(lines))) from None
    if settings.delivery == "circleci" and settings.circleci_token is None:
        raise BadEnvironmentError(f"CIRCLECI_TOKEN: required ({_meaning('circleci_token')})")
    return settings


def _meaning(name: str) -> str:
    return BotSettings.model_fields[name].description or "see docs/delivery.md"
