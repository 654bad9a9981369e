"""Alert rules: the same for every stack, as data, and what they compare with, made from this stack's settings. Pure."""

from typing import Any

import yaml

from infra.names import OWN_NAMESPACES
from infra.platform.monitoring import package_data
from infra.platform.site import Site, Values

GIB = 1024**3


def spec(site: Site) -> Values:
    """The PrometheusRule's spec."""
    return {"groups": [expectations(site), *shipped(site.platform.monitoring.runbooks)]}


def shipped(runbooks: str) -> list[Values]:
    """The groups in `data/rules.yaml`, each alert with the link to its runbook."""
    groups: list[dict[str, Any]] = yaml.safe_load(package_data.text("rules.yaml"))["groups"]
    for group in groups:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["annotations"]["runbook_url"] = f"{runbooks}#{rule['alert'].lower()}"
    return groups


def expectations(site: Site) -> Values:
    """Recorded facts of this stack, so that an alert can tell a silent release from one that was never there.

    `airflow:expected` has a sample per release, `airflow:expected_canary` one where a canary runs, and
    `airflow:database_storage_limit_bytes` is what the database's volume may grow to, where that is known.
    `airflow:cronjob` has a sample per CronJob of this stack that runs on a schedule.
    """
    releases = [{"release": release.name, "namespace": release.in_namespace} for release in site.settings.releases]
    rules: list[Values] = [_fact("airflow:expected", 1, labels) for labels in releases]
    canary = site.platform.monitoring.canary_dag
    if canary:
        rules += [_fact("airflow:expected_canary", 1, {**labels, "dag_id": canary}) for labels in releases]
    limit = site.foundation.database.storage_gib
    if limit is not None:
        rules.append(_fact("airflow:database_storage_limit_bytes", limit * GIB, {}))
    rules.append({"record": "airflow:cronjob", "expr": _cronjobs(site)})
    return {"name": "airflow.expectations", "rules": rules}


def _cronjobs(site: Site) -> str:
    """CronJobs named after a release in its namespace, which others may use too, and all in the stack's own ones."""
    own = "|".join(site.namespace(part) for part in OWN_NAMESPACES)
    selectors = [
        f'namespace="{release.in_namespace}", cronjob=~"{release.name}-.+"' for release in site.settings.releases
    ]
    scheduled = [f"kube_cronjob_spec_suspend{{{one}}} == 0" for one in (*selectors, f'namespace=~"{own}"')]
    return f"group by (namespace, cronjob) ({' or '.join(scheduled)})"


def _fact(name: str, value: int, labels: dict[str, str]) -> Values:
    return {"record": name, "expr": f"vector({value})", **({"labels": labels} if labels else {})}
