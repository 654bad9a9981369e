"""`upload-dags`: makes the DAG and plugin shares of a release what the folders here are. Nothing else writes there."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Annotated

import typer

from infra.airflow.parts import Parts
from infra.airflow.world import SHARED_DAGS, SHARED_PLUGINS
from infra.preview.planning import ROOT
from infra.settings.existing import ExistingCloud, HostPathFiles
from infra.settings.release import Release, ShareDags
from ops.cluster import Cluster, cluster_of
from ops.errors import OpsError
from ops.job import held_job
from ops.stack import Stack, StackOption, StacksOption

_LEFT_OUT = ("__pycache__", ".git", ".pytest_cache", ".ruff_cache")


def upload_dags(
    stack: StackOption,
    release: Annotated[str, typer.Option(help="Release.", show_default="the only one")] = "",
    dags: Annotated[Path, typer.Option(help="Folder of the DAGs.")] = ROOT / "dags",
    plugins: Annotated[Path, typer.Option(help="Folder of the plugins.")] = ROOT / "plugins",
    stacks: StacksOption = ROOT,
) -> None:
    """Upload the folders to a release's shares; files that are not here are deleted there."""
    chosen = Stack(stack, stacks)
    one = chosen.release(release)
    _refuse(chosen, one)
    if not dags.is_dir():
        raise OpsError(f"DAGS={dags}: there is no such folder")
    with cluster_of(chosen) as cluster:
        _upload(cluster, one, {SHARED_DAGS: dags, SHARED_PLUGINS: plugins})


def _refuse(stack: Stack, release: Release) -> None:
    if not isinstance(release.dags, ShareDags):
        raise OpsError(f"release {release.name} takes its DAGs by {release.dags.kind}: only a share is uploaded to")
    cloud = stack.settings.cloud
    if isinstance(cloud, ExistingCloud) and isinstance(cloud.files, HostPathFiles):
        raise OpsError(f"the share of {stack.name} is the folder {cloud.files.path} of its node: save files there")


def archive(folder: Path) -> bytes:
    """The files below a folder as a tar, without caches; empty where there is no folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", dereference=True) as tar:  # links arrive as what they lead to
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            inside = path.relative_to(folder)
            if path.is_file() and not set(inside.parts) & set(_LEFT_OUT):
                tar.add(path, str(inside))
    return buffer.getvalue()


def _upload(cluster: Cluster, release: Release, folders: dict[str, Path]) -> None:
    own = Parts(release)
    with held_job(cluster, own.namespace, own.of("upload")) as pod:
        for target, folder in folders.items():
            receive = ("python", "/opt/scripts/receive.py", target)
            done = subprocess.run(
                cluster.command("exec", "-i", pod, "--namespace", own.namespace, "--", *receive),
                input=archive(folder),
                capture_output=True,
                env=cluster.environment,
                check=False,
            )
            if done.returncode:
                raise OpsError(f"{target}: {done.stderr.decode().strip()}")
            sys.stdout.write(done.stdout.decode())
