"""A Helm release as every part of the platform makes it: pinned, awaited, with time enough, and whole in its logs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import helm
from pulumi_kubernetes.helm.v3 import ReleaseArgs, RepositoryOptsArgs

from infra.platform.site import Site, Values

TIMEOUT_SECONDS = 1200
"""A load balancer and the first pull of a chart's images take minutes; 20 end a wait that has no end."""


@dataclass(frozen=True)
class Chart:
    """A pinned chart. `chart` is its name in the repository."""

    chart: str
    version: str
    repository: str


def release(
    name: str,
    chart: Chart,
    site: Site,
    *,
    namespace: str,
    values: Values,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> helm.v3.Release:
    """Install `chart` as `name`, which is the release's name in the cluster too.

    The settings' `platform.charts` may name an archive or an OCI address in its place, for when a repository is down.
    """
    elsewhere = site.platform.charts.get(chart.chart)
    return helm.v3.Release(
        name,
        ReleaseArgs(
            name=name,
            chart=elsewhere or chart.chart,
            version=chart.version,
            repository_opts=None if elsewhere else RepositoryOptsArgs(repo=chart.repository),
            namespace=namespace,
            values=values,
            timeout=TIMEOUT_SECONDS,
            skip_await=False,
            # `atomic` would roll a failure back and take the pods' logs, which say why, with it.
            atomic=False,
        ),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
    )
