"""A namespace as every layer makes it: Pod Security by labels, and no connection that nobody allowed.

`Namespace` closes itself in both directions, lets its pods ask the cluster's DNS, and then allows what the caller
names, one policy for each. A cluster whose network plugin ignores NetworkPolicies (kind's older one) runs the same.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
from pulumi_kubernetes import core, networking
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import (
    IPBlockArgs,
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicyPortArgs,
    NetworkPolicySpecArgs,
)

from infra.contracts import Peer, name_of

Level = Literal["restricted", "baseline", "privileged"]

NAME_LABEL = "kubernetes.io/metadata.name"
ANYWHERE = Peer(cidr="0.0.0.0/0")
ALL_PODS = Peer()
NODES_OWN = ("168.63.129.16/32", "169.254.0.0/16")
"""Where a node learns who it is, and with which token: link-local addresses, and Azure's host. No pod's to ask."""

DNS = (Peer(namespace="kube-system"), Peer(cidr="169.254.20.10/32"))
"""CoreDNS, and the address of NodeLocal DNSCache where a cluster has it."""

KUBERNETES_PORTS = (443, 6443, 8443, 16443)
"""Where the API listens: EKS and AKS, kubeadm and k3s, minikube, MicroK8s."""


@dataclass(frozen=True)
class Allow:
    """Connections from (`ingress`) or to (`egress`) `peers`, for the pods with these labels; none: every pod.

    No port means every port. An empty tuple of peers means everybody, in the cluster and outside. A peer with a `cidr`
    is outside: Cilium, which AKS runs, never takes a network for a pod or a node, whatever their addresses.
    """

    direction: Literal["ingress", "egress"]
    peers: tuple[Peer, ...] = ()
    ports: tuple[int | str, ...] = ()
    pods: Mapping[str, str] = field(default_factory=dict[str, str])
    protocols: tuple[str, ...] = ("TCP",)


def within(namespace: str) -> dict[str, Allow]:
    """Pods of one namespace talk to each other."""
    here = (Peer(namespace=namespace),)
    return {"from-within": Allow("ingress", here), "to-within": Allow("egress", here)}


def to_kubernetes(api_server: tuple[Peer, ...]) -> Allow:
    """Pods ask the Kubernetes API."""
    return Allow("egress", api_server, KUBERNETES_PORTS)


def policy_spec(allow: Allow) -> NetworkPolicySpecArgs:
    """The policy of one allowance."""
    selector = LabelSelectorArgs(match_labels=dict(allow.pods)) if allow.pods else LabelSelectorArgs()
    if allow.direction == "ingress":
        peers = [_peer(peer) for peer in allow.peers] or None
        rule = NetworkPolicyIngressRuleArgs(from_=peers, ports=_ports(allow, allow.ports))
        return NetworkPolicySpecArgs(pod_selector=selector, policy_types=["Ingress"], ingress=[rule])
    by_ports: dict[tuple[int | str, ...], list[Peer]] = {} if allow.peers else {allow.ports: []}
    for peer in allow.peers:
        by_ports.setdefault(peer.ports or allow.ports, []).append(peer)
    rules = [
        NetworkPolicyEgressRuleArgs(to=[_peer(one, _nodes_own(one)) for one in peers] or None, ports=_ports(allow, own))
        for own, peers in by_ports.items()
    ]
    return NetworkPolicySpecArgs(pod_selector=selector, policy_types=["Egress"], egress=rules)


def _ports(allow: Allow, ports: Sequence[int | str]) -> list[NetworkPolicyPortArgs] | None:
    return [NetworkPolicyPortArgs(port=port, protocol=kind) for port in ports for kind in allow.protocols] or None


def _nodes_own(peer: Peer) -> list[str]:
    """What of these addresses lies in the peer's network, which is wider. A network that names them is meant so."""
    if not isinstance(peer.cidr, str):
        return []
    network = ipaddress.IPv4Network(peer.cidr)
    inner = [ipaddress.IPv4Network(own) for own in NODES_OWN]
    return [str(own) for own in inner if own != network and own.subnet_of(network)]


def _peer(peer: Peer, without: Sequence[str] = ()) -> NetworkPolicyPeerArgs:
    if peer.cidr is not None:
        return NetworkPolicyPeerArgs(ip_block=IPBlockArgs(cidr=peer.cidr, except_=list(without) or None))
    # An empty selector is every namespace; a missing one would be this policy's own.
    labels: dict[str, pulumi.Input[str]] = dict(peer.namespace_labels)
    if peer.namespace is not None:
        labels[NAME_LABEL] = peer.namespace
    namespace = LabelSelectorArgs(match_labels=labels) if labels else LabelSelectorArgs()
    pods = LabelSelectorArgs(match_labels=dict(peer.pod_labels)) if peer.pod_labels else None
    return NetworkPolicyPeerArgs(namespace_selector=namespace, pod_selector=pods)


class Namespace(pulumi.ComponentResource):
    """A namespace and its policies. Depend on the component: whoever runs in it finds its connections allowed.

    What does not run, such as a Secret, waits for `made` alone.

    `namespace` is the name in the cluster, given and not generated: Helm releases take it, and their inputs must be
    known before the first run. What stands elsewhere and speaks of it takes `named`. `reason` is asked for where the
    level is `privileged`, and stands on the namespace.
    """

    namespace: str
    named: pulumi.Output[str]
    made: core.v1.Namespace

    def __init__(
        self,
        name: str,
        *,
        namespace: str,
        labels: Mapping[str, str],
        allow: Mapping[str, Allow],
        level: Level = "restricted",
        reason: str | None = None,
        ready: tuple[pulumi.Resource, ...] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:kubernetes:Namespace", name, None, opts)
        if level == "privileged" and not reason:
            raise ValueError(f"namespace {namespace}: a privileged namespace says why")
        self._name, self.namespace = name, namespace
        self.made = core.v1.Namespace(
            name,
            metadata=ObjectMetaArgs(
                name=namespace,
                labels={
                    **labels,
                    **{f"pod-security.kubernetes.io/{mode}": level for mode in ("enforce", "warn", "audit")},
                },
                annotations={"airflow-platform/reason": reason} if reason else None,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(ready)),
        )
        self.named = name_of(self.made, namespace)
        self._policy("default-deny", _deny())
        self.allow("dns", Allow("egress", DNS, (53,), protocols=("UDP", "TCP")))
        for purpose, allowed in allow.items():
            self.allow(purpose, allowed)
        self.register_outputs({})

    def allow(self, purpose: str, allowed: Allow) -> None:
        """One more connection, such as one to a namespace that is made later."""
        self._policy(purpose, policy_spec(allowed))

    def _policy(self, purpose: str, spec: NetworkPolicySpecArgs) -> None:
        networking.v1.NetworkPolicy(
            f"{self._name}-{purpose}",
            metadata=ObjectMetaArgs(namespace=self.namespace),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.made]),
        )


def _deny() -> NetworkPolicySpecArgs:
    return NetworkPolicySpecArgs(pod_selector=LabelSelectorArgs(), policy_types=["Ingress", "Egress"])
