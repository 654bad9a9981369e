"""How a release is reached, what it may reach, and how it is kept tidy."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Cidr, Fqdn, Model, Port, Positive, matching
from infra.settings.base import Email as EmailAddress
from infra.settings.cron import Cron

UrlPath = Annotated[
    str,
    matching(
        r"/|(/[a-z0-9][a-z0-9-]*)+",
        "a path of lower-case letters, digits and hyphens without a final slash",
        "for example /airflow, or /",
    ),
]


class Admin(Model):
    """The first administrator of the UI; the password is the secret adminPassword."""

    username: Annotated[
        str,
        matching(
            r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
            "1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit",
            "for example admin",
        ),
    ] = "admin"
    email: EmailAddress | None = Field(default=None, description="none: a local address that gets no mail")


class Email(Model):
    """The mail server, as the connection `smtp_default`; the password is the secret smtpPassword."""

    host: Fqdn
    port: Port = 587
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
    ports: tuple[Port, ...] = Field(default=(), description="none: every port")
