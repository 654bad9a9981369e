"""The one table of sizes: what `small`, `medium` and `large` mean on either cloud, and what that costs.

CPU and memory are Kubernetes quantities, storage is GiB, prices US dollars a month. Each figure can be overridden by
the same path under `airflow:figures`. Requests equal limits in memory (an Airflow process that grows is better
restarted alone than evicted with its node); CPU limits are twice the request, since probes start a Python process.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from infra.settings.base import Size


def _c(replicas: int, cpu: str, cpu_limit: str, memory: str) -> dict[str, Any]:
    return {"replicas": replicas, "cpu": cpu, "cpuLimit": cpu_limit, "memory": memory}


def _database(storage: int, most: int, connections: int, cpu: str, cpu_limit: str, memory: str) -> dict[str, Any]:
    figures = {"storageGib": storage, "maxStorageGib": most, "maxConnections": connections}
    return {**figures, "cpu": cpu, "cpuLimit": cpu_limit, "memory": memory}


def _pool(instance_type: str, minimum: int, desired: int, maximum: int) -> dict[str, Any]:
    return {"instanceType": instance_type, "min": minimum, "desired": desired, "max": maximum}


def _cloud(
    system: dict[str, Any], tasks: dict[str, Any], database_class: str, usd: float, source: str
) -> dict[str, Any]:
    price = {"usd": usd, "source": source, "date": date(2026, 11, 1)}
    return {"system": system, "tasks": tasks, "databaseClass": database_class, "price": price}


_AWS_PRICES = (
    "us-east-1, on demand, rates of mid-2026, no traffic: the sum in docs/aws.md, Costs; Ireland is a tenth dearer"
)
_AZURE_PRICES = (
    "eastus, pay as you go, rates of November 2026, no traffic: the sum in docs/azure.md, Costs; "
    "westeurope is a sixth dearer"
)

TABLE: Mapping[Size, dict[str, Any]] = {
    Size.small: {
        "aws": _cloud(_pool("t3.large", 2, 2, 4), _pool("t3.large", 0, 0, 4), "db.t4g.small", 399, _AWS_PRICES),
        "azure": _cloud(
            _pool("Standard_D2s_v5", 2, 2, 4), _pool("Standard_D2s_v5", 0, 0, 4), "Standard_D2ds_v5", 620, _AZURE_PRICES
        ),
        "database": _database(32, 128, 150, "250m", "1", "1Gi"),
        "tasks": {"parallelism": 16, "podCreationBatch": 8, "cpu": "250m", "cpuLimit": "1", "memory": "512Mi"},
        "quota": {"cpu": "16", "memory": "48Gi", "pods": 60},
        "scheduler": _c(2, "250m", "1", "1Gi"),
        "apiServer": _c(2, "250m", "1", "1536Mi"),
        "dagProcessor": _c(2, "250m", "1", "1Gi"),
        "triggerer": _c(2, "100m", "500m", "768Mi"),
        "worker": _c(2, "500m", "2", "2Gi"),
        "statsd": _c(1, "50m", "200m", "128Mi"),
        "pgbouncer": _c(2, "50m", "200m", "64Mi"),
        "redis": _c(1, "100m", "500m", "256Mi"),
        "rabbitmq": _c(1, "200m", "1", "512Mi"),
        "flower": _c(1, "50m", "500m", "384Mi"),
        "ingress": _c(2, "100m", "500m", "256Mi"),
        "certManager": _c(1, "25m", "250m", "192Mi"),
        "prometheus": _c(1, "200m", "1", "1Gi"),
        "grafana": _c(1, "50m", "500m", "512Mi"),
        "alertmanager": _c(1, "25m", "200m", "96Mi"),
        "exporter": _c(1, "25m", "250m", "192Mi"),
        "keda": _c(1, "50m", "500m", "256Mi"),
        "chaos": _c(1, "10m", "100m", "64Mi"),
    },
    Size.medium: {
        "aws": _cloud(_pool("m6i.xlarge", 2, 3, 6), _pool("m6i.xlarge", 0, 1, 12), "db.m6g.large", 1059, _AWS_PRICES),
        "azure": _cloud(
            _pool("Standard_D4s_v5", 2, 3, 6),
            _pool("Standard_D4s_v5", 0, 1, 12),
            "Standard_D4ds_v5",
            1345,
            _AZURE_PRICES,
        ),
        "database": _database(128, 512, 400, "500m", "2", "2Gi"),
        "tasks": {"parallelism": 64, "podCreationBatch": 16, "cpu": "500m", "cpuLimit": "2", "memory": "1Gi"},
        "quota": {"cpu": "64", "memory": "192Gi", "pods": 200},
        "scheduler": _c(2, "500m", "2", "2Gi"),
        "apiServer": _c(2, "500m", "2", "2Gi"),
        "dagProcessor": _c(2, "500m", "2", "2Gi"),
        "triggerer": _c(2, "250m", "1", "1Gi"),
        "worker": _c(3, "1", "2", "4Gi"),
        "statsd": _c(1, "100m", "500m", "256Mi"),
        "pgbouncer": _c(2, "100m", "500m", "128Mi"),
        "redis": _c(1, "200m", "1", "512Mi"),
        "rabbitmq": _c(1, "500m", "1", "1Gi"),
        "flower": _c(1, "100m", "500m", "512Mi"),
        "ingress": _c(2, "200m", "1", "512Mi"),
        "certManager": _c(2, "50m", "250m", "256Mi"),
        "prometheus": _c(1, "500m", "2", "3Gi"),
        "grafana": _c(1, "100m", "500m", "512Mi"),
        "alertmanager": _c(2, "50m", "250m", "128Mi"),
        "exporter": _c(1, "50m", "500m", "256Mi"),
        "keda": _c(2, "100m", "500m", "384Mi"),
        "chaos": _c(1, "10m", "100m", "64Mi"),
        "prometheusStorageGib": 50,
    },
    Size.large: {
        "aws": _cloud(
            _pool("m6i.2xlarge", 3, 3, 9), _pool("m6i.2xlarge", 0, 2, 30), "db.m6g.xlarge", 2194, _AWS_PRICES
        ),
        "azure": _cloud(
            _pool("Standard_D8s_v5", 3, 3, 9),
            _pool("Standard_D8s_v5", 0, 2, 30),
            "Standard_D8ds_v5",
            2795,
            _AZURE_PRICES,
        ),
        "database": _database(256, 1024, 800, "1", "4", "4Gi"),
        "tasks": {"parallelism": 256, "podCreationBatch": 32, "cpu": "1", "cpuLimit": "2", "memory": "2Gi"},
        "quota": {"cpu": "320", "memory": "960Gi", "pods": 600},
        "scheduler": _c(3, "1", "2", "4Gi"),
        "apiServer": _c(3, "1", "2", "3Gi"),
        "dagProcessor": _c(2, "1", "2", "4Gi"),
        "triggerer": _c(2, "500m", "1", "2Gi"),
        "worker": _c(6, "2", "4", "8Gi"),
        "statsd": _c(1, "200m", "500m", "512Mi"),
        "pgbouncer": _c(2, "200m", "1", "256Mi"),
        "redis": _c(1, "500m", "1", "1Gi"),
        "rabbitmq": _c(1, "1", "2", "2Gi"),
        "flower": _c(1, "200m", "1", "768Mi"),
        "ingress": _c(3, "500m", "2", "1Gi"),
        "certManager": _c(2, "100m", "500m", "256Mi"),
        "prometheus": _c(2, "1", "4", "8Gi"),
        "grafana": _c(1, "200m", "1", "768Mi"),
        "alertmanager": _c(2, "100m", "500m", "256Mi"),
        "exporter": _c(1, "100m", "1", "384Mi"),
        "keda": _c(2, "200m", "1", "512Mi"),
        "chaos": _c(1, "10m", "100m", "64Mi"),
        "prometheusRetentionDays": 30,
        "prometheusStorageGib": 200,
    },
}


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid on it, level by level; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(cast("Mapping[str, Any]", below), cast("Mapping[str, Any]", value))
        else:
            merged[key] = value
    return merged
