"""DAGs from a share on a real cluster: what `make upload-dags` brings runs, and what it no longer brings is gone.

On a cluster with storage classes RWX_CLASS names the one that offers ReadWriteMany.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.cluster import Cluster
from tests.live.api import Api
from tests.live.dags import DAG
from tests.live.site import Site
from tests.live.stack_file import OwnStack
from tests.live.standing import needs_charts, own_site

CLASS = os.environ.get("RWX_CLASS", "")


@pytest.fixture(scope="module")
def site(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    needs_charts("airflow")
    if not CLASS and cluster.get("storageclass")["items"]:
        pytest.skip("RWX_CLASS has to name the storage class that offers ReadWriteMany")
    release = {"dags": {"kind": "share"}, "logs": {"kind": "share"}, "values": {"statsd": {"enabled": False}}}
    files = {"files": {"kind": "storageClass", "name": CLASS or "live"}}
    with own_site(cluster, tmp_path_factory.mktemp("stacks"), release, cloud=files) as site:
        site.bring_up()
        yield site


@pytest.fixture(scope="module")
def api(site: Site) -> Iterator[Api]:
    made = Api(site)
    yield made
    made.close()


def upload(site: Site, folder: Path) -> str:
    plugins = folder.parent / "plugins"
    done = OwnStack(site.stacks, site.prefix).verb("upload-dags", "--dags", str(folder), "--plugins", str(plugins))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_uploaded_runs_and_what_is_left_out_is_gone(site: Site, api: Api, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    for name in ("first", "second"):
        (folder / f"{name}.py").write_text(DAG.format(name=name))
    assert "/opt/airflow/dags: 2 files, 0 deleted" in upload(site, folder)
    api.wait_for_dag("first")
    assert api.run("first")[1] == "success"
    (folder / "second.py").unlink()
    assert "/opt/airflow/dags: 1 files, 1 deleted" in upload(site, folder)


def test_nobody_else_writes_to_the_share(site: Site, api: Api) -> None:
    script = "import pathlib; pathlib.Path('/opt/airflow/dags/x.py').write_text('')"
    tried = site.cluster.command(
        "exec", "-n", site.namespace, "deploy/main-dag-processor", "--", "python", "-c", script
    )
    done = subprocess.run(tried, capture_output=True, text=True, check=False)
    assert "Read-only file system" in done.stderr
