"""What every part of the platform knows of its stack, and how its pods are placed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.contracts import Cluster, Dns, Foundation, Peer, Text
from infra.names import Names
from infra.settings import Settings
from infra.settings.figures import Component, Figures
from infra.settings.platform import PlatformSettings

Values = dict[str, Any]

JOB_RESOURCES: Values = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "100m", "memory": "64Mi"}}
"""Of a chart's smallest: a hook, which makes a certificate or asks an API and ends; what only watches a file."""


@dataclass(frozen=True)
class Site:
    """A stack's settings, the cluster that it stands on, and the PriorityClass of what serves others."""

    settings: Settings
    foundation: Foundation
    names: Names
    priority_class: Text

    @property
    def platform(self) -> PlatformSettings:
        """The settings of the parts."""
        return self.settings.platform

    @property
    def cluster(self) -> Cluster:
        """The cluster."""
        return self.foundation.cluster

    @property
    def figures(self) -> Figures:
        """The figures of the stack's size."""
        return self.settings.sized

    def namespace(self, part: str) -> str:
        """The name of a part's namespace."""
        return self.names.resource(part)

    @property
    def ingress_namespace(self) -> str:
        """Each controller has a namespace of its own, so that a new one can come before the old one goes."""
        return self.namespace(self.platform.ingress.controller)

    @property
    def existing_ingress(self) -> tuple[Peer, ...]:
        """The controller that somebody else runs for this stack's hosts, by its namespace; none where there is none."""
        ingress = self.platform.ingress
        return (Peer(namespace=ingress.existing_namespace),) if ingress.state == "existing" else ()

    @property
    def challenged_zone(self) -> Dns | None:
        """The zone in which Let's Encrypt's challenges are answered; None: the ingress answers them."""
        dns = self.foundation.dns
        by_zone = self.platform.certificates.challenge == "dns01" and dns is not None and dns.dns01 is not None
        return dns if by_zone else None

    @property
    def traffic_policy(self) -> str:
        """`Local`, by which pods see the client's address; of several nodes' ports it would answer on some alone."""
        balanced = self.cluster.load_balancer.service_type == "LoadBalancer"
        return "Local" if balanced or self.cluster.single_node else "Cluster"

    def replicas(self, component: Component) -> int:
        """One replica where there is one node: a second would fall with the first."""
        return 1 if self.cluster.single_node else component.replicas

    def scheduling(self) -> Values:
        """`nodeSelector` and `tolerations` of the system pool, as charts and pods take them."""
        pool = self.cluster.system
        tolerations = [
            {"key": taint.key, "operator": "Equal", "value": taint.value, "effect": taint.effect}
            for taint in pool.tolerations
        ]
        return {"nodeSelector": dict(pool.selector), "tolerations": tolerations}

    def spread(self, labels: Mapping[str, str]) -> list[Values]:
        """Over zones and over nodes as far as they go; a lone replica needs no room elsewhere."""
        return [
            {
                "maxSkew": 1,
                "topologyKey": key,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(labels)},
            }
            for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
        ]


def resources(component: Component) -> Values:
    """Requests and limits of a container, as charts and pods take them."""
    return {
        "requests": {"cpu": component.cpu, "memory": component.memory},
        "limits": {"cpu": component.cpu_limit, "memory": component.memory},
    }
