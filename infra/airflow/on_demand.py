"""Jobs that stand ready for a verb: CronJobs that never run by themselves, and `make …` starts one's Job by hand."""

import pulumi
from pulumi_kubernetes import batch, core
from pulumi_kubernetes.batch.v1 import CronJobSpecArgs, JobSpecArgs, JobTemplateSpecArgs
from pulumi_kubernetes.core.v1 import PersistentVolumeClaimVolumeSourceArgs, VolumeArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow import pods
from infra.airflow.files import script_files
from infra.airflow.jobs import Inside
from infra.airflow.parts import Parts
from infra.airflow.world import SHARED_DAGS, SHARED_PLUGINS
from infra.contracts import Text
from infra.settings.release import Release

UPLOAD_SECONDS = 900


def stand_ready(inside: Inside, dags: Text | None, plugins: Text | None, opts: pulumi.ResourceOptions) -> None:
    """`rotate-fernet` for every release, and `upload` where the DAGs come from a share."""
    own = Parts(inside.release)
    _by_hand(inside.work("rotate-fernet", ["airflow", "rotate-fernet-key"]), own, own.namespace, opts)
    if dags is not None and plugins is not None:
        _by_hand(_upload(inside, {SHARED_DAGS: dags, SHARED_PLUGINS: plugins}, opts), own, own.namespace, opts)


def _upload(inside: Inside, shares: dict[str, Text], opts: pulumi.ResourceOptions) -> pods.Work:
    """The one pod that writes to the shares. It waits for `make upload-dags`, which hands it the files."""
    own = Parts(inside.release)
    scripts = core.v1.ConfigMap(
        own.of("upload-scripts"),
        metadata=ObjectMetaArgs(namespace=own.namespace, labels=own.labels("upload")),
        data=script_files("receive.py"),
        immutable=True,
        opts=opts,
    )
    named = [(f"share-{number}", folder, claim) for number, (folder, claim) in enumerate(shares.items())]
    claims = [
        VolumeArgs(name=name, persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim))
        for name, _, claim in named
    ]
    return pods.Work(
        name="upload",
        image=inside.release.image,
        labels=own.labels("upload"),
        args=["sleep", str(UPLOAD_SECONDS)],
        reaches=(),
        volumes=[pods.scripts_volume("scripts", scripts.metadata.name.apply(str)), *claims],
        mounts=[
            pods.mount("scripts", "/opt/scripts"),
            *(pods.mount(name, folder, read_only=False) for name, folder, _ in named),
        ],
        cpu="50m",
        memory="256Mi",
        service_account=inside.account,
        pull_secrets=[inside.keys.pull] if inside.keys.pull is not None else [],
        pool=inside.pool,
    )


def close_logins(release: Release, work: pods.Work, namespace: str, opts: pulumi.ResourceOptions) -> None:
    """`close-logins`, in the administrator's namespace."""
    _by_hand(work, Parts(release), namespace, opts)


def _by_hand(work: pods.Work, own: Parts, namespace: str, opts: pulumi.ResourceOptions) -> None:
    job = JobSpecArgs(
        backoff_limit=0,
        active_deadline_seconds=3600,
        ttl_seconds_after_finished=24 * 3600,
        template=pods.template(work),
    )
    batch.v1.CronJob(
        own.of(work.name),
        metadata=ObjectMetaArgs(name=own.of(work.name), namespace=namespace, labels=own.labels(work.name)),
        spec=CronJobSpecArgs(
            schedule="0 0 1 1 *",
            suspend=True,
            concurrency_policy="Forbid",
            job_template=JobTemplateSpecArgs(spec=job),
        ),
        opts=opts,
    )
