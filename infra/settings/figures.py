"""What a size holds: the figures of each part, as types. The table with their values is `sizes.py`.

CPU and memory are Kubernetes quantities, storage is GiB, prices US dollars a month.
"""

from pydantic import Field

from infra.settings.base import Count, Model, Positive, Price
from infra.settings.quantities import Cpu, Memory


class Component(Model):
    """One workload's replicas and resources, of each of its pods."""

    replicas: Positive
    cpu: Cpu
    cpu_limit: Cpu
    memory: Memory


class NodePool(Model):
    """A node pool: instance or VM size and how far it scales. Counts are nodes over all zones."""

    instance_type: str
    min: Count
    desired: Count
    max: Positive
    spot: bool = False
    disk_gib: Positive = 64


class CloudFigures(Model):
    """What the size means on one cloud: its two node pools, the database's class, and the price of it all."""

    system: NodePool
    tasks: NodePool
    database_class: str
    price: Price


class DatabaseFigures(Model):
    """Storage in GiB to begin with and to grow to, connections, and the pod's resources where it is in the cluster."""

    storage_gib: Positive
    max_storage_gib: Positive
    max_connections: Positive
    cpu: Cpu
    cpu_limit: Cpu
    memory: Memory


class TaskFigures(Model):
    """Limits of tasks: those running at once, pods created per scheduler loop, and one task pod's resources."""

    parallelism: Positive
    pod_creation_batch: Positive
    cpu: Cpu
    cpu_limit: Cpu
    memory: Memory


class Quota(Model):
    """The ResourceQuota of a release's namespace: the sum of requests, and a bound on pods."""

    cpu: Cpu
    memory: Memory
    pods: Positive


class Figures(Model):
    """All figures of a size."""

    aws: CloudFigures
    azure: CloudFigures
    database: DatabaseFigures
    tasks: TaskFigures
    quota: Quota
    scheduler: Component
    api_server: Component
    dag_processor: Component
    triggerer: Component
    worker: Component
    statsd: Component
    pgbouncer: Component
    redis: Component
    rabbitmq: Component
    flower: Component
    ingress: Component
    cert_manager: Component
    prometheus: Component
    grafana: Component
    alertmanager: Component
    exporter: Component  # each that watches something: the operator, kube-state-metrics, node and database exporters
    keda: Component
    chaos: Component
    prometheus_retention_days: Positive = Field(default=15)
    prometheus_storage_gib: Positive = Field(default=20)
