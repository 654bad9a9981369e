"""What a layer promises to the next: values and a few functions, never a cloud's resource types."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_kubernetes as kubernetes

Text = pulumi.Input[str]


def name_of(made: pulumi.Resource, name: str) -> pulumi.Output[str]:
    """The given name of `made`, known in every preview. Who takes it waits for `made`, and is destroyed before it."""
    return made.urn.apply(lambda _urn: name)


@dataclass(frozen=True)
class Toleration:
    """A taint that a pool's pods accept: `key=value:effect`."""

    key: str
    value: str
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


@dataclass(frozen=True)
class NodePool:
    """How a pod gets onto a pool: its node selector and the taints it must accept; both may be empty.

    `memory_gib` is what all its nodes have together at its largest size; None where nobody knows.
    """

    selector: Mapping[str, str] = field(default_factory=dict[str, str])
    tolerations: tuple[Toleration, ...] = ()
    memory_gib: int | None = None


@dataclass(frozen=True)
class Peer:
    """The other end of an allowed connection: an IPv4 network, or the pods with these labels in that namespace.

    `namespace_labels` name several at once: `Names.stack_labels()` are on every namespace of the stack but those of
    the pods that DAGs start. `ports` are the only ones that it is asked on, whatever a connection's purpose allows.
    """

    cidr: Text | None = None
    namespace: Text | None = None
    namespace_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    pod_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class LoadBalancer:
    """How the ingress controller is reached. `address` tells which field of the Service's status holds it."""

    service_type: Literal["LoadBalancer", "NodePort"]
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    address: Literal["hostname", "ip", "none"] = "none"
    node_port: int | None = None


@dataclass(frozen=True)
class Cluster:
    """A Kubernetes cluster and how to work on it.

    `ready` is what a workload waits for beside the provider (nodes, cluster DNS). `api_server` is where pods reach the
    Kubernetes API after service translation. `block_storage_class` None means the cluster's default. `waits_for_tasks`:
    an upgrade goes on past a node that cannot be drained, so that running tasks may hold theirs.
    """

    name: str
    provider: kubernetes.Provider
    kubernetes_version: str
    kubeconfig_command: Text
    system: NodePool
    tasks: NodePool
    load_balancer: LoadBalancer
    api_server: tuple[Peer, ...]
    block_storage_class: Text | None = None
    single_node: bool = False
    waits_for_tasks: bool = False
    ready: tuple[pulumi.Resource, ...] = ()


@dataclass(frozen=True)
class Database:
    """A PostgreSQL server that speaks TLS only. `ca_bundle` is PEM text to verify it with, by host name.

    `storage_gib` is what its volume may grow to; None: only its owner knows. The first connection waits for `ready`;
    Airflow's own, the migration's first, for `settled` too: parameters that may be written while the roles are made.
    """

    host: Text
    port: int
    admin_user: str
    admin_password: pulumi.Output[str]
    ca_bundle: Text
    peers: tuple[Peer, ...]
    storage_gib: int | None = None
    ready: tuple[pulumi.Resource, ...] = ()
    settled: tuple[pulumi.Resource, ...] = ()


@dataclass(frozen=True)
class VolumeRequest:
    """A ReadWriteMany volume of a release. `name` is the claim's, unique in `namespace`; the owner is 50000:0."""

    name: str
    namespace: Text
    release: str
    purpose: Literal["dags", "plugins", "logs"]
    size_gib: int


CLAIM_TIMEOUTS = pulumi.CustomTimeouts(delete="20m")
"""Who mounts a claim holds it: a worker of Celery for as long as its tasks take to end, ten minutes at most."""


@dataclass(frozen=True)
class Files:
    """File shares: `volume` makes the claim, and what stands behind it, and returns the claim's name (`name_of`)."""

    volume: Callable[[VolumeRequest, pulumi.ResourceOptions], pulumi.Output[str]]


LOGS_CONNECTION = "airflow_logs"
"""A name of its own: the pods' environment beats the connections of the settings, the UI and a vault, and DAGs use a
provider's own default (`aws_default`, `wasb_default`)."""


@dataclass(frozen=True)
class LogStore:
    """A release's place for logs: `url` as Airflow's `remote_base_log_folder` takes it (`s3://…`, `wasb://…`).

    `connection` is the Airflow connection (JSON, without a secret) that reaches it by workload identity; `grant` is
    what `Identity.bind` needs to know, opaque to everybody else. Who writes there waits for `ready`.
    """

    url: str
    connection_id: str
    connection: Mapping[str, object]
    grant: object
    peers: tuple[Peer, ...] = ()
    ready: tuple[pulumi.Resource, ...] = ()


@dataclass(frozen=True)
class ObjectStore:
    """Buckets or containers: `logs(release, retention in days, options)` makes a release's place."""

    logs: Callable[[str, int, pulumi.ResourceOptions], LogStore]


@dataclass(frozen=True)
class ServiceAccountIdentity:
    """What a service account and its pods must carry to be somebody in the cloud.

    `associate` tells the cloud of the account, once that is there; its pods wait for what it returns.
    """

    annotations: Mapping[str, Text] = field(default_factory=dict[str, Text])
    pod_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    associate: Callable[[pulumi.Resource], tuple[pulumi.Resource, ...]] = lambda _account: ()


@dataclass(frozen=True)
class IdentityRequest:
    """One service account and what it may do: the `grant`s of the stores that it uses."""

    name: str
    namespace: Text
    service_account: str
    grants: tuple[object, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Workload identity: `bind` gives a service account a role of its own; `peers` are where pods get tokens."""

    bind: Callable[[IdentityRequest, pulumi.ResourceOptions], ServiceAccountIdentity]
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True)
class Registry:
    """Where own images are pushed to. Where nodes may not pull from it, a release brings its own pull secret."""

    url: Text
    login_command: Text


@dataclass(frozen=True)
class Dns:
    """The zone of the hosts: `record(host, address, options)` points a host there.

    `dns01` is the solver of a cert-manager issuer, without secrets, and `dns01_grant` what its identity needs.
    """

    zone: str
    record: Callable[[str, pulumi.Input[str], pulumi.ResourceOptions], pulumi.Resource]
    dns01: Mapping[str, object] | None = None
    dns01_grant: object = None


@dataclass(frozen=True)
class Foundation:
    """All that a cloud promises. None: it has no such thing, and whoever needs one was refused in the settings."""

    cluster: Cluster
    database: Database
    files: Files
    identity: Identity
    object_store: ObjectStore | None = None
    registry: Registry | None = None
    dns: Dns | None = None
    exports: Mapping[str, Text] = field(default_factory=dict[str, Text])


@dataclass(frozen=True)
class PlatformOutputs:
    """What the platform gives to a release. `ready` is what an Ingress waits for; `issuer` names a ClusterIssuer.

    `scaling` is what a release with KEDA waits for: the kinds that its chart makes objects of.
    """

    ingress_class: str | None = None
    issuer: str | None = None
    ingress_peers: tuple[Peer, ...] = ()
    monitoring_peers: tuple[Peer, ...] = ()
    monitored: bool = False
    scaling: tuple[pulumi.Resource, ...] = ()
    ready: tuple[pulumi.Resource, ...] = ()
