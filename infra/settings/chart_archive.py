"""The rule of `airflowChart`: an archive in place of the chart's repository is the chart that the program knows."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from infra import versions
from infra.settings.model import Settings
from infra.settings.problems import Problem

_KEY = "airflow:airflowChart"


def chart_archive(settings: Settings) -> Iterator[Problem]:
    """Helm would say it when all else of the stack is made: a wrong path, or a chart with other keys."""
    if settings.airflow_chart is None:
        return
    wanted = f"airflow {versions.AIRFLOW_CHART}"
    cure = f"`helm pull airflow --repo {versions.AIRFLOW_CHART_REPOSITORY} --version {versions.AIRFLOW_CHART}`"
    try:
        found = _name_and_version(Path(settings.airflow_chart).expanduser())
    except OSError as error:
        rule = f"a readable archive ({error.strerror or 'not there'})"
        yield Problem(_KEY, rule, f"{cure}; looked in {Path.cwd()}", settings.airflow_chart)
    except (tarfile.TarError, KeyError, yaml.YAMLError):
        yield Problem(_KEY, "an archive (.tgz) of a Helm chart", cure, settings.airflow_chart)
    else:
        if found != wanted:
            yield Problem(_KEY, f"the pinned chart, {wanted}, and not {found}", cure, settings.airflow_chart)


def _name_and_version(path: Path) -> str:
    with tarfile.open(path, "r:*") as archive:
        file = archive.extractfile("airflow/Chart.yaml")
        content = yaml.safe_load(file) if file else None
    if not isinstance(content, dict):
        raise KeyError("Chart.yaml")
    return f"{content['name']} {content['version']}"
