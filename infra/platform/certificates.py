"""cert-manager, and the one issuer that this stack's hosts get their certificates from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import core, helm
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra import versions
from infra.contracts import IdentityRequest, Peer
from infra.namespaces import ANYWHERE, Allow, Namespace, to_kubernetes, within
from infra.platform.chart import Chart, release
from infra.platform.site import JOB_RESOURCES, Site, Values, resources
from infra.settings.platform_rules import asks_lets_encrypt

SERVICE_ACCOUNT = "cert-manager"
CONTROLLER_LABELS = {"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"}
WEBHOOK_LABELS = {"app.kubernetes.io/name": "webhook", "app.kubernetes.io/component": "webhook"}


@dataclass(frozen=True)
class Account:
    """cert-manager's service account. `ready` is what its pods wait for where it is made here, and not by the chart."""

    name: str
    pod_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    ready: tuple[pulumi.Resource, ...] = ()


class CertManager(pulumi.ComponentResource):
    """cert-manager alone; its issuers come with `Issuer`, after the ingress that answers their challenges."""

    release: helm.v3.Release
    space: Namespace

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:platform:CertManager", name, None, opts)
        self._site, namespace = site, site.namespace("certificates")
        self.space = Namespace(
            "certificates",
            namespace=namespace,
            labels=site.names.labels("certificates"),
            allow=_allowed(site, namespace),
            ready=site.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        account = self._account(site)
        self.release = release(
            "cert-manager",
            Chart("cert-manager", versions.CERT_MANAGER_CHART, versions.CERT_MANAGER_REPOSITORY),
            site,
            namespace=namespace,
            values=values(site, account),
            parent=self,
            # Of the namespace only itself: this is the longest chain of a first `up`, and policies that come or go
            # while a pod starts or ends leave it open for a moment, not closed.
            depends_on=[self.space.made, *account.ready],
        )
        self.register_outputs({})

    def reach(self, ingress: tuple[Peer, ...]) -> None:
        """Let it ask what Let's Encrypt will ask, so as not to fail before its eyes: the ingress, made after it.

        The host's address leads to the load balancer and back, or straight to the controller's pods.
        """
        if ingress and asks_lets_encrypt(self._site.settings) and self._site.challenged_zone is None:
            self.space.allow("ingress", Allow("egress", ingress, pods=CONTROLLER_LABELS))

    def _account(self, site: Site) -> Account:
        """Somebody in the cloud for dns01: made here then, as its annotations are known once the cloud has answered."""
        zone = site.challenged_zone
        if zone is None:
            return Account(SERVICE_ACCOUNT)
        request = IdentityRequest("cert-manager", self.space.namespace, SERVICE_ACCOUNT, (zone.dns01_grant,))
        identity = site.foundation.identity.bind(request, pulumi.ResourceOptions(parent=self))
        made = core.v1.ServiceAccount(
            "cert-manager",
            metadata=ObjectMetaArgs(
                name=SERVICE_ACCOUNT,
                namespace=self.space.namespace,
                annotations=dict(identity.annotations),
                labels={**site.names.labels("certificates"), **identity.pod_labels},
            ),
            automount_service_account_token=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.space.made]),
        )
        return Account(SERVICE_ACCOUNT, identity.pod_labels, (made, *identity.associate(made)))


def values(site: Site, account: Account) -> Values:
    """cert-manager's values: what differs from the chart's own, and what we rely on although it is the chart's own."""
    figures = site.figures.cert_manager
    replicas = site.replicas(figures)
    pods = {"resources": resources(figures), **site.scheduling()}
    several = {"replicaCount": replicas, "podDisruptionBudget": {"enabled": replicas > 1}}
    return {
        # Kept when cert-manager goes: without them every Certificate and its history would go too.
        "crds": {"enabled": True, "keep": True},
        "global": {
            "leaderElection": {"namespace": site.namespace("certificates")},
            "priorityClassName": site.priority_class,
        },
        "serviceAccount": {"create": not account.ready, "name": account.name},
        "podLabels": dict(account.pod_labels),
        "topologySpreadConstraints": site.spread(CONTROLLER_LABELS),
        **several,
        **pods,
        "webhook": {**several, **pods, "topologySpreadConstraints": site.spread(WEBHOOK_LABELS)},
        "cainjector": {**several, **pods},
        # The release counts as installed once the webhook has answered; before, each issuer would be refused.
        "startupapicheck": {
            "enabled": True,
            "timeout": "5m",
            "resources": JOB_RESOURCES,
            **site.scheduling(),
        },
    }


def _allowed(site: Site, namespace: str) -> dict[str, Allow]:
    return {
        "api-server": to_kubernetes(site.cluster.api_server),
        **_lets_encrypt(site),
        # The API server calls from an address that is no pod's, or through the provider's own tunnel pods.
        "webhook": Allow("ingress", ports=("https",), pods=WEBHOOK_LABELS),
        "metrics": Allow("ingress", (Peer(),), ("http-metrics",)),
        **within(namespace),
    }


def _lets_encrypt(site: Site) -> dict[str, Allow]:
    """The authority, and what answers a challenge by a zone."""
    if not asks_lets_encrypt(site.settings):
        return {}
    rows = {"acme": Allow("egress", (ANYWHERE,), (80, 443), CONTROLLER_LABELS)}
    if site.challenged_zone is not None:
        rows["identity"] = Allow("egress", site.foundation.identity.peers, pods=CONTROLLER_LABELS)
        # The zone's own name servers say whether the answer is there; the cluster's would remember that it was not.
        rows["name-servers"] = Allow("egress", (ANYWHERE,), (53,), CONTROLLER_LABELS, ("UDP", "TCP"))
    return {purpose: allow for purpose, allow in rows.items() if allow.peers}
