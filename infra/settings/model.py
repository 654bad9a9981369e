"""The whole of a stack's settings: the top-level keys of `airflow:` in a stack file."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, ValidationError

from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.base import Model, NotParsed, Size, Slug, Tier
from infra.settings.existing import ExistingCloud
from infra.settings.figures import Figures
from infra.settings.platform import PlatformSettings
from infra.settings.release import Release
from infra.settings.sizes import TABLE, merge

Cloud = Annotated[AwsCloud | AzureCloud | ExistingCloud, Field(discriminator="kind")]


class Settings(Model):
    """What a stack is. Secrets are apart: `infra.settings.secrets`."""

    tier: Tier = Field(description="what the stack is for: local, integration or production")
    cloud: Cloud = Field(description="where it runs; `kind` is aws, azure or existing")
    size: Size = Field(default=Size.small, description="row of the table of sizes: small, medium or large")
    figures: Mapping[str, Any] = Field(
        default={}, description="figures of the size to override, by the table's own paths"
    )
    prefix: Slug | None = Field(
        default=None, description="begins every derived name, for the stack's life; none: project and stack"
    )
    ephemeral: bool = Field(
        default=False, description="the stack is thrown away soon: nothing of it is kept or protected"
    )
    tags: Mapping[str, str] = Field(
        default={}, description="tags of everything that can be tagged; `owner` is asked for"
    )
    platform: PlatformSettings = Field(default=PlatformSettings(), description="what runs beside Airflow")
    airflow_chart: str | None = Field(
        default=None, description="path of an archive of the pinned Airflow chart; none: its own repository"
    )
    releases: tuple[Release, ...] = Field(default=(), description="the Airflows of this stack")

    @cached_property
    def sized(self) -> Figures:
        """The figures of the size with this stack's overrides laid on them. NotParsed where one is wrong."""
        try:
            return Figures.model_validate(merge(TABLE[self.size], self.figures))
        except ValidationError:  # each is told by its own key (parse.py)
            raise NotParsed("Settings.figures") from None

    @property
    def production(self) -> bool:
        """Whether production's demands hold."""
        return self.tier is Tier.production
