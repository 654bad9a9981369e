"""What runs on the cluster beside Airflow, the same on every cloud."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import scheduling
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.contracts import Foundation, PlatformOutputs, name_of
from infra.names import Names
from infra.namespaces import Namespace
from infra.platform.bot import Bot
from infra.platform.certificates import CertManager
from infra.platform.chaos import Chaos
from infra.platform.dns import Records
from infra.platform.ingress import Ingress
from infra.platform.issuer import Issuer
from infra.platform.keda import Keda, wanted
from infra.platform.monitoring import Monitoring
from infra.platform.site import Site
from infra.settings import Secrets, Settings

PRIORITY = 1_000_000
"""Above every pod without a class, below the system's own (2,000,000,000): Airflow is of no use without its way in."""


class Platform(pulumi.ComponentResource):
    """Ingress, certificates, DNS records, monitoring and chaos, as far as the settings ask for them.

    The order is that of destruction read backwards: records and issuers go before the load balancer, and that before
    cert-manager, so that no host is ever served by a certificate that nobody renews.
    """

    outputs: PlatformOutputs

    def __init__(
        self,
        name: str,
        settings: Settings,
        secrets: Secrets,
        foundation: Foundation,
        names: Names,
        namespaces: Mapping[str, Namespace],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`namespaces` are those of the releases, by a release's name."""
        super().__init__("airflow:platform:Platform", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, providers=[foundation.cluster.provider])
        site = Site(settings, foundation, names, _priority(foundation, names, child))
        parts = site.platform
        cert_manager = CertManager("cert-manager", site, child) if parts.certificates.state == "on" else None
        ingress = Ingress("ingress", site, _releases(cert_manager), child) if parts.ingress.state == "on" else None
        peers = ingress.peers if ingress else site.existing_ingress
        if cert_manager:
            cert_manager.reach(peers)
        issuer = Issuer("issuer", site, cert_manager, _releases(cert_manager, ingress), child) if cert_manager else None
        address = ingress.address if ingress else parts.ingress.existing_address
        records = Records("records", site, address, child) if address is not None else None
        watched = ingress.controller if ingress else None
        spaces = [*namespaces.values(), *(part.space for part in (ingress, cert_manager) if part)]
        monitoring = (
            Monitoring("monitoring", site, secrets, watched, spaces, child) if parts.monitoring.state != "off" else None
        )
        if parts.bot.state == "on" and parts.bot.image:
            Bot("bot", site, secrets, parts.bot.image, child)
        keda = Keda("keda", site, child) if wanted(site) else None
        self.outputs = PlatformOutputs(
            ingress_class=parts.ingress.ingress_class if parts.ingress.state != "off" else None,
            issuer=issuer.issuer_name if issuer else parts.certificates.existing_issuer,
            ingress_peers=peers,
            monitoring_peers=monitoring.peers if monitoring else (),
            monitored=monitoring is not None,
            scaling=_releases(keda),
            ready=(
                *_releases(ingress),
                *(issuer.ready if issuer else ()),
                *(records.records if records else ()),
            ),
        )
        self._site, self._namespaces = site, namespaces
        self.register_outputs({})

    def unsettle(self, releases: Mapping[str, pulumi.Resource]) -> None:
        """Let chaos loose on the stack's releases, by name, where the settings ask for it."""
        if self._site.platform.chaos.state == "on":
            opts = pulumi.ResourceOptions(parent=self, providers=[self._site.cluster.provider])
            Chaos("chaos", self._site, releases, self._namespaces, opts)


def _releases(*parts: CertManager | Ingress | Keda | None) -> tuple[pulumi.Resource, ...]:
    return tuple(part.release for part in parts if part)


def _priority(foundation: Foundation, names: Names, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The class of what serves others; what only watches or may be thrown away has none."""
    name, cluster = names.resource("platform"), foundation.cluster
    made = scheduling.v1.PriorityClass(
        "platform",
        metadata=ObjectMetaArgs(name=name, labels=names.labels("platform")),
        value=PRIORITY,
        description="Ingress and certificates: what Airflow is of no use without",
        opts=pulumi.ResourceOptions(parent=child.parent, provider=cluster.provider, depends_on=list(cluster.ready)),
    )
    return name_of(made, name)
