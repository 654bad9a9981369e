"""How a release is reached, what it may reach, and how it is kept tidy."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings.base import Cidr, Model, Positive
from infra.settings.base import Email as EmailAddress
from infra.settings.problems import refuse


def _path(value: str) -> str:
    if not re.fullmatch(r"/|(/[a-z0-9][a-z0-9-]*)+", value):
        raise refuse(
            "a path of lower-case letters, digits and hyphens without a final slash", "for example /airflow, or /"
        )
    return value


def _cron(value: str) -> str:
    if value.startswith("@") or len(value.split()) != 5 or not re.fullmatch(r"[0-9A-Za-z*/, \-]+", value):
        raise refuse("a cron expression of five fields, in UTC", 'for example "30 3 * * *"')
    return value


UrlPath = Annotated[str, AfterValidator(_path)]
Cron = Annotated[str, AfterValidator(_cron)]


class Admin(Model):
    """The first administrator of the UI; the password is the secret adminPassword."""

    username: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "admin"
    email: EmailAddress | None = Field(default=None, description="none: a local address that gets no mail")


class Email(Model):
    """The mail server, as the connection `smtp_default`; the password is the secret smtpPassword."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    user: str | None = None
    sender: EmailAddress
    encryption: Literal["starttls", "tls"] = "starttls"


class Cleanup(Model):
    """Deletes old rows of the metadata database on a schedule."""

    schedule: Cron = "30 3 * * *"
    retention_days: Positive = 90


class EgressRule(Model):
    """A place that task pods may connect to."""

    cidr: Cidr
    ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = Field(default=(), description="none: every port")
