"""A release's UI on a port of the node, where a cluster has no ingress: `cloud.nodePort`."""

import pulumi
from pulumi_kubernetes import core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow import parts
from infra.airflow.parts import Parts
from infra.contracts import Cluster, PlatformOutputs
from infra.settings.release import Release


def has_node_port(release: Release, cluster: Cluster, platform: PlatformOutputs) -> bool:
    """Whether the node's port is this release's: with an ingress controller the port is the controller's."""
    return cluster.load_balancer.node_port is not None and release.host is None and platform.ingress_class is None


def node_port(
    release: Release, cluster: Cluster, platform: PlatformOutputs, opts: pulumi.ResourceOptions
) -> core.v1.Service | None:
    """A Service beside the chart's own, or None where the UI is served otherwise."""
    if not has_node_port(release, cluster, platform):
        return None
    own = Parts(release)
    return core.v1.Service(
        own.of("node-port"),
        metadata=ObjectMetaArgs(name=own.of("node-port"), namespace=own.namespace, labels=own.labels("node-port")),
        spec=core.v1.ServiceSpecArgs(
            type="NodePort",
            selector=own.labels("api-server"),
            ports=[
                core.v1.ServicePortArgs(
                    name="api-server", port=parts.API_PORT, node_port=cluster.load_balancer.node_port
                )
            ],
        ),
        opts=opts,
    )
