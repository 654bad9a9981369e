"""A platform on a made-up cloud: a load balancer with a host name, a zone, workload identity."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes

from infra.contracts import (
    Cluster,
    Database,
    Dns,
    Files,
    Foundation,
    Identity,
    IdentityRequest,
    LoadBalancer,
    NodePool,
    Peer,
    ServiceAccountIdentity,
    Toleration,
)
from infra.names import Names
from infra.namespaces import Namespace
from infra.platform import Platform
from infra.platform.site import Site
from infra.preview.model import Plan
from infra.preview.recorder import record
from infra.settings import Secrets, Settings, required_secrets

NAMES = Names("airflow", "test")
BALANCER = LoadBalancer("LoadBalancer", {"cloud/balancer": "network"}, "hostname")
STACK: dict[str, Any] = {
    "tier": "integration",
    "cloud": {"kind": "existing", "context": "made-up", "singleNode": False},
    "tags": {"owner": "data"},
    "platform": {
        "ingress": {"state": "on"},
        "certificates": {"issuer": "own-ca"},
        "dns": {"state": "existing", "zone": "data.acme.org"},
    },
    "releases": [{"name": "main", "host": "airflow.data.acme.org"}, {"name": "other", "host": "other.data.acme.org"}],
}


def settings(platform: Mapping[str, Any] | None = None, **over: Any) -> Settings:
    """The settings above with these parts of the platform and these keys in place of theirs; no rule is asked."""
    return Settings.model_validate({**STACK, "platform": {**STACK["platform"], **(platform or {})}, **over})


def plan(platform: Mapping[str, Any] | None = None, *, single_node: bool = False, **over: Any) -> Plan:
    """The platform's plan on the made-up cloud, with an Ingress beside it that waits as a release's does."""
    given = settings(platform, **over)

    def program() -> Mapping[str, Any]:
        kubeconfig = pulumi.Output.secret("made-up")
        provider = kubernetes.Provider("cluster", kubeconfig=kubeconfig, cluster_identifier="made-up")
        secrets = Secrets({secret.key: f"made-up-{secret.key}" for secret in required_secrets(given)})
        after = pulumi.ResourceOptions(provider=provider)
        spaces = {
            one.name: Namespace(
                one.in_namespace, namespace=one.in_namespace, labels=NAMES.labels("airflow"), allow={}, opts=after
            )
            for one in given.releases
        }
        made = Platform("platform", given, secrets, foundation(provider, single_node), NAMES, spaces)
        kubernetes.core.v1.ConfigMap(
            "waits-like-an-ingress",
            opts=pulumi.ResourceOptions(provider=provider, depends_on=list(made.outputs.ready)),
        )
        made.unsettle(
            {one.name: kubernetes.core.v1.ConfigMap(f"release-{one.name}", opts=after) for one in given.releases}
        )
        return {
            "issuer": made.outputs.issuer or "",
            "class": made.outputs.ingress_class or "",
            "scaling": [resource.urn for resource in made.outputs.scaling],
        }

    made = record(program, project="airflow", stack="test", config={})
    return Plan("airflow", "test", made.resources, made.outputs, made.warnings)


def foundation(
    provider: kubernetes.Provider, single_node: bool = False, balancer: LoadBalancer = BALANCER
) -> Foundation:
    """What a cloud would promise; its DNS record is a ConfigMap, and an identity's readiness another."""
    pool = NodePool({"pool": "system"}, (Toleration("system", "true"),))

    def record(host: str, address: pulumi.Input[str], opts: pulumi.ResourceOptions) -> pulumi.Resource:
        return kubernetes.core.v1.ConfigMap(f"record-{host}", data={"address": address}, opts=opts)

    def bind(request: IdentityRequest, opts: pulumi.ResourceOptions) -> ServiceAccountIdentity:
        made = kubernetes.core.v1.ConfigMap(f"identity-{request.name}", data={"grants": str(request.grants)}, opts=opts)
        return ServiceAccountIdentity(
            {"cloud/role": made.metadata.uid}, {"cloud/use": "true"}, lambda _account: (made,)
        )

    return Foundation(
        cluster=Cluster(
            name="made-up",
            provider=provider,
            kubernetes_version="1.34",
            kubeconfig_command="true",
            system=pool,
            tasks=NodePool(),
            load_balancer=balancer,
            api_server=(Peer(cidr="172.20.0.1/32"),),
            single_node=single_node,
        ),
        database=Database("db", 5432, "admin", cast(Any, "unused"), "pem", (Peer(cidr="10.0.0.0/24"),), 128),
        files=cast(Files, None),
        identity=Identity(bind, (Peer(cidr="169.254.170.23/32"),)),
        dns=Dns("data.acme.org", record, {"route53": {"region": "eu-west-1"}}, "zone-grant"),
    )


def site(
    platform: Mapping[str, Any] | None = None,
    *,
    single_node: bool = False,
    balancer: LoadBalancer = BALANCER,
    **over: Any,
) -> Site:
    """A site without resources, for the pure functions."""
    made = foundation(cast(kubernetes.Provider, None), single_node, balancer)
    return Site(settings(platform, **over), made, NAMES, "airflow-test-platform")
