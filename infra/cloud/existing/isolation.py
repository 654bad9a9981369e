"""The database's namespace, and who may talk to whom in it."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core, meta, networking

from infra.cloud.existing.pods import PORT
from infra.contracts import Cluster
from infra.names import Names

PART_OF = "app.kubernetes.io/part-of"


class Isolation(pulumi.ComponentResource):
    """A namespace at the restricted Pod Security level that denies what is not said here.

    In: PostgreSQL's port, from namespaces of this stack (the label of `Names.labels`). Out: DNS and PostgreSQL, for the
    dumps' pods. The server itself calls nobody.
    """

    namespace: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        server: Mapping[str, str],
        cluster: Cluster,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:existing:Isolation", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, provider=cluster.provider)
        labels = names.labels("database")
        made = core.v1.Namespace(
            f"{name}-namespace",
            metadata=meta.v1.ObjectMetaArgs(
                name=names.resource("database"),
                labels={
                    **labels,
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/warn": "restricted",
                },
            ),
            opts=child,
        )
        self.namespace = made.metadata.name
        metadata = meta.v1.ObjectMetaArgs(namespace=self.namespace, labels=labels)
        networking.v1.NetworkPolicy(
            f"{name}-deny",
            metadata=metadata,
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(), policy_types=["Ingress", "Egress"]
            ),
            opts=child,
        )
        networking.v1.NetworkPolicy(
            f"{name}-clients",
            metadata=metadata,
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(match_labels=server),
                policy_types=["Ingress"],
                ingress=[
                    networking.v1.NetworkPolicyIngressRuleArgs(
                        from_=[
                            networking.v1.NetworkPolicyPeerArgs(
                                namespace_selector=meta.v1.LabelSelectorArgs(match_labels={PART_OF: labels[PART_OF]})
                            )
                        ],
                        ports=[_port(PORT)],
                    )
                ],
            ),
            opts=child,
        )
        networking.v1.NetworkPolicy(
            f"{name}-dumps",
            metadata=metadata,
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(match_labels=names.labels("postgres-dumps")),
                policy_types=["Egress"],
                egress=[
                    networking.v1.NetworkPolicyEgressRuleArgs(ports=[_port(53, "UDP"), _port(53)]),
                    networking.v1.NetworkPolicyEgressRuleArgs(
                        to=[
                            networking.v1.NetworkPolicyPeerArgs(
                                pod_selector=meta.v1.LabelSelectorArgs(match_labels=server)
                            )
                        ],
                        ports=[_port(PORT)],
                    ),
                ],
            ),
            opts=child,
        )
        self.register_outputs({})


def _port(number: int, protocol: str = "TCP") -> networking.v1.NetworkPolicyPortArgs:
    return networking.v1.NetworkPolicyPortArgs(port=number, protocol=protocol)
