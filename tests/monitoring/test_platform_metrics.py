"""Every metric that a rule or the dashboard asks for is one that somebody exports, with the labels it is asked by.

What Airflow sends and how the chart's exporter names it stands in data/airflow-metrics.json, with its source. A StatsD
name that no mapping takes keeps its name with underscores for dots; a timer becomes a summary.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from infra.platform.monitoring import dashboard, monitors, package_data, rules

DATA = json.loads((Path(__file__).parent / "data/airflow-metrics.json").read_text())
TARGET_LABELS = {"namespace", "release", "pod", "container", "job", "instance", "endpoint"}
FOREIGN = re.compile(
    r"(kube_|kubelet_volume_stats_|container_|certmanager_certificate_expiration_timestamp_seconds|pg_up|airflow:)"
)


def exported() -> dict[str, set[str]]:
    """Prometheus name → every label that it may carry."""
    found: dict[str, set[str]] = {}
    for name, (kind, legacy) in DATA["metrics"].items():
        for sent in (name, legacy):
            if sent == "-":
                continue
            renamed, labels = mapped("airflow." + re.sub(r"\{[a-z_]+\}", "x", sent))
            found.setdefault(renamed, set()).update(labels)
            if kind == "timer":
                found[renamed].add("quantile")
                for suffix in ("_count", "_sum"):
                    found.setdefault(renamed + suffix, set()).update(labels)
    for query, content in yaml.safe_load(package_data.text("queries.yaml")).items():
        for metric in content["metrics"]:
            found[f"{query}_{next(iter(metric))}"] = set()
    return found


def mapped(name: str) -> tuple[str, set[str]]:
    for match, kind, renamed, labels in DATA["mappings"]:
        if re.fullmatch(match, name) if kind == "regex" else _glob(name, match):
            return renamed, set(labels)
    return re.sub(r"[^a-zA-Z0-9_]", "_", name), set()


def _glob(name: str, match: str) -> bool:
    """A star of the exporter's stands for one part between dots."""
    return name.count(".") == match.count(".") and fnmatchcase(name, match)


def queries() -> Iterator[tuple[str, str]]:
    for group in rules.shipped("runbooks"):
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]
    for panels in dashboard.ROWS.values():
        for panel in panels:
            yield panel.title, panel.query


def asked(query: str) -> Iterator[tuple[str, set[str]]]:
    """Metric and the labels that its selector names. Functions are followed by a bracket, metrics by none."""
    bare = re.sub(r"\b(by|on|without|group_left|group_right)\s*\([^)]*\)", " ", query)
    for match in re.finditer(r"([a-z_][a-z0-9_:]*)\s*(\{[^}]*\})?", re.sub(r'"[^"]*"', '""', bare)):
        name, selector = match.groups()
        before, after = bare[: match.start()], bare[match.end() : match.end() + 1]
        if "_" not in name and ":" not in name:
            continue
        if after == "(" or before.count("{") > before.count("}"):
            continue
        yield name, set(re.findall(r"([a-z_]+)\s*(?:=|!)", selector or ""))


@pytest.mark.parametrize(("title", "query"), list(queries()), ids=[title for title, _ in queries()])
def test_a_query_asks_for_what_is_exported(title: str, query: str) -> None:
    known = exported()
    metrics = [(name, labels) for name, labels in asked(query) if not name.endswith(("_over_time", "_replace"))]
    assert metrics, f"no metric found in {query}"
    for name, labels in metrics:
        if FOREIGN.match(name):
            continue
        assert name in known, f"{title}: nobody exports {name}"
        assert labels <= known[name] | TARGET_LABELS, f"{title}: {name} has no {labels - known[name]}"


def test_every_release_can_be_chosen_and_every_panel_has_a_place() -> None:
    model = json.loads(dashboard.text())
    places = [tuple(panel["gridPos"].values()) for panel in model["panels"]]
    assert len(set(places)) == len(places)
    assert [variable["name"] for variable in model["templating"]["list"]] == ["datasource", "release", "namespace"]
    assert len({panel["id"] for panel in model["panels"]}) == len(places)


def test_a_metric_with_an_id_in_its_name_is_dropped_and_no_other() -> None:
    """Seen with the exporter itself (v0.30.0): `dag.canary.sing.queued_duration` keeps its ids in the name."""
    for name in ("dag_canary_sing_queued_duration_sum", "dag_a_b_scheduled_duration", "ti_finish_a_b_success"):
        assert re.fullmatch(monitors.IDS_IN_NAMES, f"airflow_{name}"), name
    wanted = {name for _, query in queries() for name, _ in asked(query)}
    assert not [name for name in wanted if re.fullmatch(monitors.IDS_IN_NAMES, name)]
