"""How the live tests begin: a site of their own on the cluster, removed at their end with all that came with it."""

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.preview.model import Resource
from ops.cluster import Cluster
from tests.live import volumes
from tests.live.git_server import GitServer, trusting
from tests.live.site import IMAGE, RELEASE, Site


def needs_charts(*names: str) -> None:
    """Skip where helm or one of these charts, a folder or an archive, is not to be had."""
    missing = [variable for name in names if not os.environ.get(variable := f"{name.upper()}_CHART")]
    if missing or not shutil.which("helm"):
        pytest.skip(f"needs helm on the PATH and the chart in {' and '.join(missing) or 'its variable'}")


def own_prefix() -> str:
    """A prefix that nobody else has, for a release whose settings hold it too."""
    return f"live{secrets.token_hex(2)}"


@contextmanager
def own_site(
    cluster: Cluster,
    stacks: Path,
    release: Mapping[str, Any],
    *,
    prefix: str = "",
    of_the_chart: tuple[str, ...] = (),
    platform: Mapping[str, Any] | None = None,
    cloud: Mapping[str, Any] | None = None,
) -> Iterator[Site]:
    """Nothing of it is there yet but its volumes. `of_the_chart` names the chart's own claims.

    A release that does not say where its DAGs come from takes them from the site's GitServer.
    """
    prefix = prefix or own_prefix()
    repository, _, tag = IMAGE.rpartition(":")
    bundle = {"name": "dags", "repository": GitServer.address(prefix)}
    settings: dict[str, Any] = {
        "image": {"repository": repository, "tag": tag},
        "dags": {"kind": "bundle", "repositories": [bundle], "refreshSeconds": 10},
        # One image less to pull; its labels and resources are checked where the chart is rendered.
        "values": {**trusting(), "statsd": {"enabled": False}},
        **release,
    }
    site = Site(cluster, prefix, stacks, settings, dict(platform or {}), dict(cloud or {}))
    try:
        volumes.make_where_there_is_no_class(site, IMAGE, *of_the_chart)
        yield site
    finally:
        site.remove()


def is_airflow(resource: Resource) -> bool:
    """Whether it is Airflow's Helm release, the last step of a stack but for what waits for it."""
    return resource.type == RELEASE and resource.inputs["chart"] == "airflow"


def serve(site: Site, token: str = "", **dags: str) -> GitServer:
    """All but the Helm release, and the git server with these DAGs' files."""
    site.bring_up(until=is_airflow)
    server = GitServer(site, IMAGE, token)
    server.start()
    for name, text in dags.items():
        server.push(name, text)
    return server
