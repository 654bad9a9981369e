"""The ingress controller and the way in: one namespace, one awaited release, one class, one address."""

import pulumi
from pulumi_kubernetes import core, helm

from infra.contracts import Peer
from infra.namespaces import ALL_PODS, Allow, Namespace, to_kubernetes
from infra.platform import nginx, traefik
from infra.platform.chart import release
from infra.platform.controller import Controller
from infra.platform.site import Site


class Ingress(pulumi.ComponentResource):
    """The chosen controller. `address` is the load balancer's, unknown until it is there; None on a node's port."""

    release: helm.v3.Release
    controller: Controller
    space: Namespace
    peers: tuple[Peer, ...]
    address: pulumi.Output[str] | None

    def __init__(
        self, name: str, site: Site, after: tuple[pulumi.Resource, ...], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Install it after `after`: what has to outlive the load balancer."""
        super().__init__("airflow:platform:Ingress", name, None, opts)
        self.controller = _controller(site)
        if self.controller.warning:
            pulumi.log.warn(self.controller.warning)
        self.space = Namespace(
            self.controller.release,
            namespace=site.ingress_namespace,
            labels=site.names.labels("ingress"),
            allow=_allowed(site, self.controller),
            ready=site.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.peers = (Peer(namespace=self.space.named, pod_labels=self.controller.pod_labels),)
        self.release = release(
            self.controller.release,
            self.controller.chart,
            site,
            namespace=self.space.namespace,
            values=self.controller.values,
            parent=self,
            depends_on=[self.space, *after],
        )
        self.address = self._address(site)
        self.register_outputs({})

    def _address(self, site: Site) -> pulumi.Output[str] | None:
        """Read from the Service once the release, which waits for it, is there."""
        kind = site.cluster.load_balancer.address
        if kind == "none":
            return None
        service = core.v1.Service.get(
            "ingress-address",
            # By way of the release's status, so that nobody looks before there is something to see. The SDK does not
            # follow an id's dependencies: the option makes the records go before the load balancer.
            pulumi.Output.concat(self.release.status.namespace, "/", self.controller.service),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.release]),
        )
        first = service.status.load_balancer.ingress[0]
        return pulumi.Output.from_input(first.hostname if kind == "hostname" else first.ip)


def _controller(site: Site) -> Controller:
    name = site.names.resource(site.platform.ingress.controller, limit=40)
    build = {"nginx": nginx.controller, "traefik": traefik.controller}[site.platform.ingress.controller]
    return build(site, name)


def _allowed(site: Site, controller: Controller) -> dict[str, Allow]:
    allow = {
        "web": Allow("ingress", ports=controller.web_ports, pods=controller.pod_labels),
        # Whatever an Ingress names: Airflow's API server, Flower, and cert-manager's answer to a challenge.
        "backends": Allow("egress", (ALL_PODS,), (8080, 5555, 8089), controller.pod_labels),
        "api-server": to_kubernetes(site.cluster.api_server),
        "metrics": Allow("ingress", (ALL_PODS,), (controller.metrics_port,), controller.pod_labels),
    }
    if controller.webhook_ports:
        # The API server calls from an address that is no pod's, or through the provider's own tunnel pods.
        allow["webhook"] = Allow("ingress", ports=controller.webhook_ports, pods=controller.pod_labels)
    return allow
