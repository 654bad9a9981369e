"""What a namespace allows, as NetworkPolicies."""

from infra.contracts import Peer
from infra.namespaces import ALL_PODS, NAME_LABEL, Allow, policy_spec


def test_ingress_from_pods_of_a_namespace_on_one_port() -> None:
    allow = Allow("ingress", (Peer(namespace="web", pod_labels={"app": "proxy"}),), (8080,), {"component": "api"})
    spec = policy_spec(allow)
    assert spec.policy_types == ["Ingress"]
    assert spec.pod_selector.match_labels == {"component": "api"}
    (rule,) = spec.ingress
    (peer,) = rule.from_
    assert peer.namespace_selector.match_labels == {NAME_LABEL: "web"}
    assert peer.pod_selector.match_labels == {"app": "proxy"}
    assert [(port.port, port.protocol) for port in rule.ports] == [(8080, "TCP")]


def test_egress_to_a_network_on_every_port() -> None:
    (rule,) = policy_spec(Allow("egress", (Peer(cidr="10.0.0.0/8"),))).egress
    assert [peer.ip_block.cidr for peer in rule.to] == ["10.0.0.0/8"]
    assert rule.ports is None


def test_all_pods_are_those_of_every_namespace_and_not_of_the_policys_own() -> None:
    (rule,) = policy_spec(Allow("egress", (ALL_PODS,), (8080,))).egress
    (peer,) = rule.to
    assert peer.namespace_selector is not None
    assert peer.ip_block is None


def test_nobody_named_is_everybody() -> None:
    (rule,) = policy_spec(Allow("ingress", (), (8443,))).ingress
    assert rule.from_ is None
