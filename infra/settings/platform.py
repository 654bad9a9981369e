"""What runs on the cluster beside Airflow: ingress, certificates, DNS, monitoring, chaos."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Email, Fqdn, Model, Positive, StateShorthand, StateWord, SwitchWord


class Ingress(Model):
    """The ingress controller. `existing` uses the class that is named; `off` serves by port-forward alone."""

    state: StateWord = "on"
    controller: Literal["nginx", "traefik"] = "nginx"
    class_name: str = "airflow"


class Certificates(Model):
    """cert-manager and the issuer of the hosts' certificates."""

    state: StateWord = "on"
    issuer: Literal["letsencrypt-staging", "letsencrypt-prod", "own-ca"] | None = Field(
        default=None, description="none: own-ca on a local tier, staging elsewhere"
    )
    existing_issuer: str | None = Field(
        default=None, description="name of the ClusterIssuer when the state is existing"
    )
    challenge: Literal["http01", "dns01"] = "http01"
    email: Email | None = Field(default=None, description="whom Let's Encrypt writes to about expiring certificates")


class DnsSettings(Model):
    """The zone that holds the hosts. `existing` finds it by name, `on` creates it, `off` leaves records to a person."""

    state: StateWord = "off"
    zone: Fqdn | None = None


class Monitoring(Model):
    """kube-prometheus-stack and the alerts."""

    state: StateWord = "off"


class Chaos(Model):
    """chaoskube, which kills a scheduler now and then so that nobody builds on one that lives for ever."""

    state: SwitchWord = "off"
    interval_minutes: Positive = 5


class PlatformSettings(Model):
    """`platform`."""

    ingress: Annotated[Ingress, StateShorthand] = Ingress()
    certificates: Annotated[Certificates, StateShorthand] = Certificates()
    dns: Annotated[DnsSettings, StateShorthand] = DnsSettings()
    monitoring: Annotated[Monitoring, StateShorthand] = Monitoring()
    chaos: Annotated[Chaos, StateShorthand] = Chaos()
