"""What runs on the cluster beside Airflow: ingress, certificates, DNS, monitoring, chaos."""

from collections.abc import Mapping
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from infra.settings.base import (
    Email,
    Fqdn,
    Host,
    Model,
    ObjectName,
    Port,
    Positive,
    Slug,
    StateShorthand,
    StateWord,
    SwitchWord,
    matching,
)
from infra.settings.bot import Bot
from infra.settings.problems import refuse


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise refuse("a time zone of the tz database", "for example Europe/Berlin")
    return value


Period = Annotated[
    str,
    matching(
        r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d",
        "a period of the day as HH:MM-HH:MM",
        "for example 22:00-08:00",
    ),
]
Timezone = Annotated[str, AfterValidator(_timezone)]


class Ingress(Model):
    """The ingress controller. `existing` uses the class that is named; `off` serves by port-forward alone."""

    state: StateWord = "on"
    controller: Literal["nginx", "traefik"] = "nginx"
    class_name: ObjectName | None = Field(
        default=None, description="the IngressClass; none: airflow-CONTROLLER; required with state existing"
    )
    existing_namespace: ObjectName = Field(
        default="ingress-nginx", description="where an existing controller's pods run: they may reach Airflow"
    )
    existing_address: Host | None = Field(
        default=None, description="host name or IPv4 address of an existing controller, for DNS records"
    )

    @property
    def ingress_class(self) -> str:
        """The class that Ingresses name. A controller's own by default, so that two can stand side by side."""
        return self.class_name or f"airflow-{self.controller}"

    @property
    def existing_record(self) -> Literal["A", "CNAME"]:
        """Of which type a record at `existing_address` is."""
        return "A" if (self.existing_address or "").replace(".", "").isdecimal() else "CNAME"


class Certificates(Model):
    """cert-manager and the issuer of the hosts' certificates."""

    state: StateWord = "on"
    issuer: Literal["letsencrypt-staging", "letsencrypt-prod", "own-ca"] | None = Field(
        default=None, description="none: own-ca on a local tier, staging elsewhere"
    )
    existing_issuer: ObjectName | None = Field(
        default=None, description="name of the ClusterIssuer when the state is existing"
    )
    challenge: Literal["http01", "dns01"] = "http01"
    email: Email | None = Field(default=None, description="whom Let's Encrypt writes to about expiring certificates")


class DnsSettings(Model):
    """The zone that holds the hosts. `existing` finds it by name, `on` creates it, `off` leaves records to a person."""

    state: StateWord = "off"
    zone: Fqdn | None = None


class SlackAlerts(Model):
    """Alerts to a Slack channel, by the webhook in the secret `slackUrl`."""

    channel: Annotated[
        str, matching(r"#[a-z0-9_-]{1,79}", "a Slack channel, lower case, with its #", "for example #airflow-alerts")
    ] = Field(description="for example #airflow-alerts")


class EmailAlerts(Model):
    """Critical alerts by mail; the password of `user` is the secret `smtpPassword`. STARTTLS is required."""

    to: tuple[Email, ...] = Field(min_length=1, description="who is woken")
    sender: Email = Field(description="the From address")
    host: Fqdn = Field(description="the mail server")
    port: Port = 587
    user: str | None = Field(default=None, description="none: the server takes mail without a login")


class Alerts(Model):
    """Where alerts go: warnings and worse to Slack, critical ones to e-mail too."""

    slack: SlackAlerts | None = None
    email: EmailAlerts | None = None


class Monitoring(Model):
    """kube-prometheus-stack and the alerts. `existing` adds monitors, rules and the dashboard for one that is there."""

    state: StateWord = "off"
    alerts: Alerts = Alerts()
    runbooks: str = Field(
        default="docs/runbooks.md", description="address of the runbooks, in each alert: for example your repository's"
    )
    canary_dag: str | None = Field(
        default=None, description="a DAG that runs every 15 minutes or more often; an alert watches it"
    )
    existing_namespace: ObjectName = Field(
        default="monitoring", description="where an existing Prometheus runs: it may scrape Airflow"
    )
    existing_labels: Mapping[str, str] = Field(
        default={}, description="labels by which an existing operator selects monitors, rules and dashboards"
    )


Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class Chaos(Model):
    """chaoskube, which kills a scheduler now and then so that nobody builds on one that lives for ever."""

    state: SwitchWord = "off"
    interval_minutes: Positive = 5
    releases: tuple[Slug, ...] = Field(default=(), description="whose pods are killed; none: every release's")
    labels: Mapping[str, str] = Field(default={"component": "scheduler"}, description="labels of the pods")
    quiet_times: tuple[Period, ...] = Field(default=(), description="times of day without chaos, such as 22:00-08:00")
    quiet_weekdays: tuple[Weekday, ...] = Field(default=(), description="days without chaos, such as Sat")
    timezone: Timezone = Field(default="UTC", description="in which quiet times and days are meant")


class Keda(Model):
    """KEDA's operator: installed where a release scales its workers by it, unless it is there already."""

    state: StateWord = "on"


class PlatformSettings(Model):
    """`platform`."""

    ingress: Annotated[Ingress, StateShorthand] = Ingress()
    certificates: Annotated[Certificates, StateShorthand] = Certificates()
    dns: Annotated[DnsSettings, StateShorthand] = DnsSettings()
    monitoring: Annotated[Monitoring, StateShorthand] = Monitoring()
    chaos: Annotated[Chaos, StateShorthand] = Chaos()
    keda: Annotated[Keda, StateShorthand] = Keda()
    bot: Annotated[Bot, StateShorthand] = Bot()
    charts: Mapping[str, str] = Field(
        default={}, description="archive (.tgz) or oci:// address of a chart by its name, instead of its repository"
    )
