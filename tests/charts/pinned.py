"""The pinned charts, unpacked under .tools/charts: pulled by helm, or taken from a folder of archives or sources.

`python -m tests.charts.pinned [--from FOLDER] [--write]`, as `make test-charts` and `make chart-pins` call it.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra import versions
from infra.settings import chart_schema

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times as fast
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".tools" / "charts"
PINS = Path(__file__).parent / "data" / "charts.json"
SCHEMA = ROOT / "infra" / "settings" / "data" / chart_schema.FILE
# Charts whose releases set it: a source tree's own is a placeholder until it is packed.
UNSET = ("0.0.0", "v0.0.0")


class ChartError(Exception):
    """What is wrong with a chart, and the cure."""


@dataclass(frozen=True)
class Chart:
    """A chart as infra/versions.py pins it; `off` names dependencies that our values turn off and sources may lack."""

    name: str
    version: str
    repository: str
    off: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return FOLDER / f"{self.name}-{self.version}"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


CHARTS = {
    chart.name: chart
    for chart in (
        Chart("airflow", versions.AIRFLOW_CHART, versions.AIRFLOW_CHART_REPOSITORY, ("postgresql",)),
        Chart("ingress-nginx", versions.INGRESS_NGINX_CHART, versions.INGRESS_NGINX_REPOSITORY),
        Chart("traefik", versions.TRAEFIK_CHART, versions.TRAEFIK_REPOSITORY),
        Chart("cert-manager", versions.CERT_MANAGER_CHART, versions.CERT_MANAGER_REPOSITORY),
        Chart("keda", versions.KEDA_CHART, versions.KEDA_REPOSITORY),
        Chart(
            "kube-prometheus-stack",
            versions.MONITORING_CHART,
            versions.MONITORING_REPOSITORY,
            ("prometheus-windows-exporter",),
        ),
        Chart("cluster-autoscaler", versions.AUTOSCALER_CHART, versions.AUTOSCALER_CHART_REPOSITORY),
    )
}


def metadata(folder: Path) -> dict[str, Any]:
    """Chart.yaml."""
    return yaml.load((folder / "Chart.yaml").read_text(), LOADER)


def contents(folder: Path) -> str:
    """The SHA-256 of the values and their schema: equal in an archive, in one packed anew, and in the sources."""
    found: list[Any] = [yaml.load((folder / "values.yaml").read_text(), LOADER)]
    if (schema := folder / "values.schema.json").exists():
        found.append(json.loads(schema.read_text()))
    return hashlib.sha256(json.dumps(found, sort_keys=True, default=str).encode()).hexdigest()


def pull(chart: Chart, into: Path) -> Path:
    """From the chart's repository, whose index names the archive's digest."""
    command = ["helm", "pull", chart.name, "--repo", chart.repository, "--version", chart.version]
    done = subprocess.run([*command, "--untar", "-d", into], capture_output=True, text=True, check=False)
    if done.returncode:
        cure = "without a network, CHARTS=FOLDER takes archives or sources"
        raise ChartError(f"{chart}: not pulled: {done.stderr.strip()}\n{cure}")
    return into / chart.name


def unpacked(given: Path, into: Path) -> Iterator[Path]:
    """Every chart in a folder: its archives are unpacked, its sources are where they are."""
    yield from (file.parent for file in sorted(given.glob("*/Chart.yaml")))
    for number, archive in enumerate(sorted([*given.glob("*.tgz"), *given.glob("*.tar.gz")])):
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(into / str(number), filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            raise ChartError(f"CHARTS={given}: {archive.name} is no archive of a chart: {error}") from None
        yield from (file.parent for file in (into / str(number)).glob("*/Chart.yaml"))


def take(chart: Chart, given: Path, there: list[Path], into: Path) -> Path:
    """A copy of the chart among those of the folder, with dependencies that stand beside it put into it."""
    for folder in there:
        told = metadata(folder)
        if told["name"] == chart.name and told["version"] in (chart.version, *UNSET):
            return complete(chart, shutil.copytree(folder, into / chart.name), there)
    versions_there = [told["version"] for told in map(metadata, there) if told["name"] == chart.name]
    instead = f", only {', '.join(versions_there)}" if versions_there else ""
    raise ChartError(f"CHARTS={given}: no chart {chart} in it{instead}: put its archive or its sources there")


def complete(chart: Chart, folder: Path, there: list[Path]) -> Path:
    told = metadata(folder)
    for wanted in list(told.get("dependencies", [])):
        name = wanted["name"]
        if any((folder / "charts").glob(f"{name}-*.tgz")) or (folder / "charts" / name).is_dir():
            continue
        beside = next((one for one in there if metadata(one)["name"] == name), None)
        if beside:
            shutil.copytree(beside, folder / "charts" / name)
        elif name in chart.off:
            told["dependencies"].remove(wanted)
        else:
            raise ChartError(
                f"{chart} without its dependency {name} {wanted['version']}: `helm dependency build` in it"
            )
    (folder / "Chart.yaml").write_text(yaml.safe_dump({**told, "version": chart.version}))
    (folder / "Chart.lock").unlink(missing_ok=True)  # of the dependencies as they were
    return folder


def pins() -> dict[str, Any]:
    """What is known of each chart: its version, the digest of its contents and the keys of its values."""
    return json.loads(PINS.read_text())["charts"]


def compare(chart: Chart, folder: Path) -> None:
    known = pins().get(chart.name, {})
    if known.get("version") != chart.version or known["contents"] != contents(folder):
        of = known.get("version", "no version")
        raise ChartError(
            f"{chart}: its values are not those that {PINS.relative_to(ROOT)} knows of {of}; "
            "look at what changed, then `make chart-pins`"
        )


def provide(chart: Chart, given: Path | None, there: list[Path], *, compared: bool) -> None:
    """Put the chart where the tests look for it, if it is not there yet or comes from a folder."""
    if chart.folder.exists() and not given:
        if compared:
            compare(chart, chart.folder)
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        made = take(chart, given, there, Path(scratch)) if given else pull(chart, Path(scratch))
        if compared:
            compare(chart, made)
        shutil.rmtree(chart.folder, ignore_errors=True)
        made.rename(chart.folder)


def defaults(folder: Path) -> Mapping[str, Any]:
    """The chart's values, with those of its dependencies under their names."""
    own: dict[str, Any] = yaml.load((folder / "values.yaml").read_text(), LOADER) or {}
    for wanted in metadata(folder).get("dependencies", []):
        found = folder / "charts" / wanted["name"]
        if found.is_dir():
            name = wanted.get("alias", wanted["name"])
            own[name] = merged(defaults(found), own.get(name) or {})
    return own


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            both[key] = merged(below[key], above[key])
    return both


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="given", help="a folder of archives or sources in place of the repositories")
    parser.add_argument("--write", action="store_true", help=f"write {PINS.relative_to(ROOT)} from what there is")
    options = parser.parse_args()
    given = Path(options.given).expanduser() if options.given else None
    try:
        if given and not given.is_dir():
            raise ChartError(f"CHARTS={given}: no such folder; name one that holds the charts' archives or sources")
        with tempfile.TemporaryDirectory() as scratch:
            there = list(unpacked(given, Path(scratch))) if given else []
            for chart in CHARTS.values():
                provide(chart, given, there, compared=not options.write)
    except ChartError as error:
        print(error, file=sys.stderr)
        return 2
    if options.write:
        from tests.charts import keys

        PINS.write_text(keys.text())
        SCHEMA.write_text(keys.schema_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
