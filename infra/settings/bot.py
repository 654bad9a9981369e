"""`platform.bot`: the Slack bot of docs/delivery.md on the cluster, and the rules of it."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Model, SwitchWord, Tier, matching
from infra.settings.images import Digest, ImageRepository, Tag
from infra.settings.problems import Problem

PART = "airflow:platform.bot"
SlackId = Annotated[
    str, matching(r"[A-Z][A-Z0-9]{2,30}", "an id, not a name: capitals and digits", "Slack shows it: C… or U…")
]
Repository = Annotated[
    str, matching(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", "OWNER/NAME on GitHub", "for example your-company/airflow")
]


class BotImage(Model):
    """What `make bot-image` built and `make push` pushed, to a registry that the nodes may pull from."""

    repository: ImageRepository = Field(description="for example the stack's registry and /airflow-bot")
    tag: Tag
    digest: Digest | None = Field(default=None, description="pins the image; asked for in production")

    @property
    def reference(self) -> str:
        """The whole image."""
        return f"{self.repository}:{self.tag}" + (f"@{self.digest}" if self.digest else "")


class Bot(Model):
    """The Slack bot. It knows nothing of the cluster: it talks to Slack and to the CI service, over port 443 alone."""

    state: SwitchWord = "off"
    repository: Repository | None = Field(default=None, description="OWNER/NAME of the delivery's repository on GitHub")
    dags_repository: Repository | None = Field(
        default=None, description="OWNER/NAME of the DAGs on GitHub, where they have a repository of their own"
    )
    delivery: Literal["github", "circleci"] = Field(default="github", description="who runs the deployments")
    channels: tuple[SlackId, ...] = Field(default=(), description="ids of the Slack channels in which it listens")
    users: tuple[SlackId, ...] = Field(default=(), description="ids of the Slack users who may deploy")
    image: BotImage | None = Field(default=None, description="its image: `make bot-image`, then `make push`")


def needs(bot: Bot, tier: Tier) -> Iterator[Problem]:
    """What a bot that is on cannot do without."""
    if bot.state == "off":
        return
    if not bot.repository:
        yield Problem(f"{PART}.repository", "required by the bot", "give OWNER/NAME, for example your-company/airflow")
    if not bot.channels:
        yield Problem(f"{PART}.channels", "at least one channel", "give its id, for example C0123456789")
    if not bot.users:
        yield Problem(f"{PART}.users", "at least one user", "give the member's id, for example U0123456789")
    if not bot.image:
        yield Problem(f"{PART}.image", "required by the bot", "`make bot-image` builds it and `make push` pushes it")
    elif tier is Tier.production and not bot.image.digest:
        yield Problem(f"{PART}.image.digest", "production runs an image by digest", "`make push` prints it")
