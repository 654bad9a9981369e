"""The Grafana dashboard of a stack's Airflows, as code: rows of panels, each a question with its query. Pure.

Where Airflow sends a metric under its old name and its new one (`[metrics] legacy_names_on`), the exporter makes one
metric of both, with labels and without: a query that sums by a label leaves out the samples that have none.
"""

import json
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_IN = 'release="$release"'
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3


@dataclass(frozen=True)
class Panel:
    """A graph over time: what it asks, in which unit (Grafana's id) and how each line is called."""

    title: str
    query: str
    legend: str = "{{release}}"
    unit: str = "short"


ROWS: dict[str, tuple[Panel, ...]] = {
    "Is it alive?": (
        Panel(
            "Scheduler heartbeats a minute", f"60 * sum(rate(airflow_scheduler_heartbeat{{{_IN}}}[5m]))", "scheduler"
        ),
        Panel(
            "DAG processor heartbeats a minute",
            f"60 * sum(rate(airflow_dag_processor_heartbeat{{{_IN}}}[5m]))",
            "DAG processor",
        ),
        Panel("DAG files that can't be imported", f"max(airflow_dag_processing_import_errors{{{_IN}}})", "files"),
        Panel(
            "Successful runs of each DAG an hour",
            f'sum by (dag_id) (increase(airflow_dagrun_duration_count{{{_IN},dag_id!=""}}[1h]))',
            "{{dag_id}}",
        ),
        Panel(
            "Seconds to parse all DAG files", f"max(airflow_dag_processing_total_parse_time{{{_IN}}})", "parsing", "s"
        ),
        Panel(
            "DAG runs that start late",
            f'max by (dag_id) (airflow_dagrun_schedule_delay{{{_IN},dag_id!="",quantile="0.9"}})',
            "{{dag_id}}",
            "s",
        ),
    ),
    "Tasks": (
        Panel("Tasks that ended well, a minute", f"60 * sum(rate(airflow_ti_successes{{{_IN}}}[5m]))", "success"),
        Panel("Tasks that failed, a minute", f"60 * sum(rate(airflow_ti_failures{{{_IN}}}[5m]))", "failed"),
        Panel("Tasks of the executor: running", f"max(airflow_executor_running_tasks{{{_IN}}})", "running"),
        Panel("Tasks of the executor: queued", f"max(airflow_executor_queued_tasks{{{_IN}}})", "queued"),
        Panel("Queued now, by DAG", f'sum by (dag_id) (airflow_ti_queued{{{_IN},task_id!=""}})', "{{dag_id}}"),
        Panel(
            "Time in the queue, 90th percentile",
            f'max(airflow_task_queued_duration{{{_IN},quantile="0.9"}})',
            "queued",
            "s",
        ),
        Panel(
            "Longest tasks, 90th percentile",
            f'topk(10, max by (dag_id, task_id) (airflow_task_duration{{{_IN},task_id!="",quantile="0.9"}}))',
            "{{dag_id}}.{{task_id}}",
            "s",
        ),
        Panel("Open slots of each pool", f'min by (pool) (airflow_pool_open_slots{{{_IN},pool!=""}})', "{{pool}}"),
        Panel(
            "Tasks that a pool starves", f'max by (pool) (airflow_pool_starving_tasks{{{_IN},pool!=""}})', "{{pool}}"
        ),
    ),
    "What it stands on": (
        Panel("Connections to the database", "max(airflow_database_connections)", "in use"),
        Panel("Connections that it allows", "max(airflow_database_max_connections)", "allowed"),
        Panel("Size of the database", f"max(airflow_database_size_bytes{{{_IN}}})", "size", "bytes"),
        Panel(
            "Memory of each component",
            'sum by (container) (container_memory_working_set_bytes{namespace="$namespace",container!="",image!=""})',
            "{{container}}",
            "bytes",
        ),
        Panel(
            "Processors of each component",
            'sum by (container) (rate(container_cpu_usage_seconds_total{namespace="$namespace",container!=""}[5m]))',
            "{{container}}",
        ),
        Panel(
            "Restarts an hour",
            'sum by (container) (increase(kube_pod_container_status_restarts_total{namespace="$namespace"}[1h]))',
            "{{container}}",
        ),
    ),
}


def text() -> str:
    """The dashboard as Grafana reads it from a ConfigMap."""
    return json.dumps(model(), indent=1)


def model() -> Object:
    """Grafana's JSON model (schema 39): a release is chosen at the top, and its namespace follows."""
    return {
        "uid": "airflow",
        "title": "Airflow",
        "tags": ["airflow"],
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                _variable("release", "label_values(airflow:expected, release)"),
                _variable("namespace", 'label_values(airflow:expected{release="$release"}, namespace)'),
            ]
        },
        "panels": _panels(),
    }


def _variable(name: str, query: str) -> Object:
    return {"name": name, "type": "query", "datasource": _SOURCE, "query": query, "refresh": 2, "sort": 1}


def _panels() -> list[Object]:
    made: list[Object] = []
    top = 0
    for title, panels in ROWS.items():
        made.append(
            _placed({"type": "row", "title": title, "collapsed": False, "panels": []}, len(made), 0, top, 24, 1)
        )
        top += 1
        for index, panel in enumerate(panels):
            left, down = index % _COLUMNS * _WIDTH, index // _COLUMNS * _HEIGHT
            made.append(_placed(_graph(panel), len(made), left, top + down, _WIDTH, _HEIGHT))
        top += -(-len(panels) // _COLUMNS) * _HEIGHT
    return made


def _placed(panel: Object, number: int, x: int, y: int, width: int, height: int) -> Object:
    return {"id": number + 1, "gridPos": {"x": x, "y": y, "w": width, "h": height}, **panel}


def _graph(panel: Panel) -> Object:
    return {
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": _SOURCE, "expr": panel.query, "legendFormat": panel.legend}],
    }
