"""The keys of the pinned charts' values, as far as the program writes into them: what it may say at all."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from infra import versions
from infra.settings import chart_schema
from tests.charts import pinned, written

SOURCE = "values.yaml of each chart, its dependencies' merged in; Apache-2.0, `make chart-pins` writes it"
# Keys that a chart takes and its values.yaml leaves out, or has only in a comment.
TAKEN = {
    "airflow": {
        *(f"dags.gitSync.{key}" for key in ("sshKeySecret", "knownHosts", "credentialsSecret")),
        "logs.emptyDirConfig",
    },
    "cert-manager": {"serviceAccount.name"},
    "ingress-nginx": {"fullnameOverride"},
    "traefik": {"service.spec.externalTrafficPolicy"},
}
# Objects without fixed keys: a ConfigMap's content, labels, requests and limits.
OPEN = (
    "config",
    "containerSecurityContext",
    "resources",
    "nodeSelector",
    "annotations",
    "grafana.ini",
    "podLabels",
    "tlsOptions",
    "nodePorts",
    "extraArgs",
)


@cache
def known(chart: str) -> Mapping[str, Any]:
    """The chart's keys: an object that we write into has its own; the others stand under the empty key."""
    return pinned.pins()[chart]["keys"]


def unknown(values: Mapping[str, Any], keys: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Dotted paths in the values that the chart does not have; below what is empty there, anything goes."""
    for key, value in values.items():
        here = f"{path}.{key}".lstrip(".")
        if key in keys:
            if isinstance(value, Mapping) and keys[key] and key not in OPEN:
                yield from unknown(value, keys[key], here)
        elif key not in keys.get("", ()):
            yield here


def tree(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults' keys, in depth where something is given."""
    inner = {
        key for key, value in defaults.items() if isinstance(value, Mapping) and isinstance(given.get(key), Mapping)
    }
    found: dict[str, Any] = {key: tree(defaults[key], given[key]) for key in sorted(inner)}
    return {"": rest, **found} if (rest := sorted(defaults.keys() - inner)) else found


def of(chart: pinned.Chart) -> dict[str, Any]:
    """What the project keeps of a chart that is here."""
    together: Mapping[str, Any] = {}
    for values in written.values(chart.name):
        together = pinned.merged(together, values)
    keys = tree(pinned.defaults(chart.folder), together)
    return {"version": chart.version, "contents": pinned.contents(chart.folder), "keys": keys}


def text() -> str:
    """The file that keeps it."""
    charts = {name: of(chart) for name, chart in pinned.CHARTS.items()}
    spread = json.dumps({"source": SOURCE, "charts": charts}, indent=1, sort_keys=True)
    return re.sub(r"\[\s+([^\]]+?)\s+\]", lambda found: "[" + re.sub(r"\s+", " ", found[1]) + "]", spread) + "\n"


def schema_of(chart: pinned.Chart) -> dict[str, Any]:
    """The schema of Airflow's chart as the settings keep it."""
    return chart_schema.strict(json.loads((chart.folder / "values.schema.json").read_text()))


def schema_text() -> str:
    """The file that keeps it, a key or a definition a line."""
    schema = schema_of(pinned.CHARTS["airflow"])
    groups = {name: schema.pop(name) for name in ("properties", "definitions")}
    lines = [f' "version": "{versions.AIRFLOW_CHART}"', f' "source": {json.dumps(chart_schema.SOURCE)}']
    inner = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in schema.items()]
    for name, group in groups.items():
        items = ",\n".join(f"   {json.dumps(key)}: {json.dumps(group[key])}" for key in sorted(group))
        inner.append(f"  {json.dumps(name)}: {{\n{items}\n  }}")
    return "{\n" + ",\n".join([*lines, ' "schema": {\n' + ",\n".join(inner) + "\n }"]) + "\n}\n"
