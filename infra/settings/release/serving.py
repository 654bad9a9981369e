"""How a release is reached, what it may reach, and how it is kept tidy."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings.base import Cidr, Fqdn, Model, Port, Positive, SwitchWord, matching
from infra.settings.base import Email as EmailAddress
from infra.settings.cron import Cron
from infra.settings.problems import refuse

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


#: What `airflow db clean` of Airflow 3.3 knows (airflow/utils/db_cleanup.py).
CleanupTable = Literal[
    "_xcom_archive",
    "asset_event",
    "callback",
    "celery_taskmeta",
    "celery_tasksetmeta",
    "connection_test_request",
    "dag",
    "dag_run",
    "dag_version",
    "deadline",
    "import_error",
    "job",
    "log",
    "partitioned_asset_key_log",
    "revoked_token",
    "session",
    "task_instance",
    "task_instance_history",
    "task_reschedule",
    "task_state_store",
    "trigger",
    "xcom",
]


def _some(tables: tuple[str, ...]) -> tuple[str, ...]:
    if not tables:
        raise refuse("one table or more", "leave the key out for all of them, or write cleanup: off")
    return tables


class Cleanup(Model):
    """Deletes old rows of the metadata database on a schedule. `cleanup: off` deletes nothing, ever."""

    state: SwitchWord = "on"
    schedule: Cron = Field(default="30 3 * * *", description="cron, in UTC")
    retention_days: Positive = Field(default=90, description="what is younger stays, and each DAG's last scheduled run")
    tables: Annotated[tuple[CleanupTable, ...], AfterValidator(_some)] | None = Field(
        default=None, description="clean these alone; none: all that Airflow cleans"
    )


class EgressRule(Model):
    """A place that task pods may connect to."""

    cidr: Cidr
    ports: tuple[Port, ...] = Field(default=(), description="none: every port")
