"""Charts from a folder in place of their repositories: which are taken, and which refused with a reason."""

import json
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.charts import pinned

CHART = pinned.Chart("made-up", "1.2.3", "https://charts.example.org", off=("unused",))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is given; what is kept of the chart is of `replicas: 1`."""
    monkeypatch.setattr(pinned, "FOLDER", tmp_path / "taken")
    monkeypatch.setattr(pinned, "PINS", pinned.ROOT / "pins-of-a-test.json")
    kept = {"version": CHART.version, "contents": pinned.contents(sources(tmp_path / "kept", CHART.name))}
    monkeypatch.setattr(pinned, "pins", lambda: {CHART.name: kept})
    given = tmp_path / "given"
    given.mkdir()
    return given


def sources(
    folder: Path, name: str, *, version: str = "1.2.3", needs: tuple[str, ...] = (), values: str = "replicas: 1"
):
    made = folder / name
    made.mkdir(parents=True)
    dependencies = [{"name": need, "version": "1.0.0", "repository": "https://charts.example.org"} for need in needs]
    (made / "Chart.yaml").write_text(yaml.safe_dump({"name": name, "version": version, "dependencies": dependencies}))
    (made / "values.yaml").write_text(f"# a comment\n{values}\n")
    return made


def provide(given: Path, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    pinned.provide(CHART, given, list(pinned.unpacked(given, tmp_path / "scratch")), compared=True)


def test_sources_and_an_archive_packed_anew_are_the_same_chart(folder: Path, tmp_path: Path) -> None:
    made = sources(tmp_path / "elsewhere", CHART.name, values="replicas:    1 # packed by another hand")
    with tarfile.open(folder / "any-name.tgz", "w:gz") as archive:
        archive.add(made, CHART.name)
    provide(folder, tmp_path)
    assert (CHART.folder / "values.yaml").exists()


def test_a_version_that_a_release_sets_is_the_pins(folder: Path, tmp_path: Path) -> None:
    sources(folder, CHART.name, version="v0.0.0")
    provide(folder, tmp_path)
    assert pinned.metadata(CHART.folder)["version"] == CHART.version


def test_a_dependency_stands_beside_or_is_off_or_is_missed(folder: Path, tmp_path: Path) -> None:
    made = sources(folder, CHART.name, needs=("beside", "unused", "missed"))
    sources(folder, "beside", version="1.0.0")
    with pytest.raises(pinned.ChartError, match=r"without its dependency missed 1\.0\.0: `helm dependency build`"):
        pinned.take(CHART, folder, list(folder.iterdir()), tmp_path / "first")
    sources(made / "charts", "missed")
    provide(folder, tmp_path)
    assert [one["name"] for one in pinned.metadata(CHART.folder)["dependencies"]] == ["beside", "missed"]
    assert pinned.defaults(CHART.folder) == {"replicas": 1, "beside": {"replicas": 1}, "missed": {"replicas": 1}}


@pytest.mark.parametrize(
    ("version", "values", "said"),
    [
        ("1.2.4", "replicas: 1", r"no chart made-up 1\.2\.3 in it, only 1\.2\.4"),
        ("1.2.3", "replicas: 2", r"its values are not those that .* knows of 1\.2\.3"),
    ],
)
def test_another_chart_is_refused(folder: Path, tmp_path: Path, version: str, values: str, said: str) -> None:
    sources(folder, CHART.name, version=version, values=values)
    with pytest.raises(pinned.ChartError, match=said):
        provide(folder, tmp_path)
    assert not CHART.folder.exists()


def test_what_is_no_archive_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.tgz").write_text("no archive")
    with pytest.raises(pinned.ChartError, match=r"broken\.tgz is no archive of a chart"):
        provide(folder, tmp_path)


def test_what_is_kept_is_of_every_pin() -> None:
    kept = json.loads((Path(pinned.__file__).parent / "data" / "charts.json").read_text())["charts"]
    assert {name: one["version"] for name, one in kept.items()} == {
        name: chart.version for name, chart in pinned.CHARTS.items()
    }
