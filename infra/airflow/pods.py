"""The pods of our own Jobs: the release's image, confined as Pod Security's `restricted` demands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    LocalObjectReferenceArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    SecretKeySelectorArgs,
    SecurityContextArgs,
    TolerationArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra import wait_for
from infra.contracts import NodePool, Text
from infra.settings.release import Image

UID = 50000
"""The `airflow` user of the official image; its group is 0."""


@dataclass(frozen=True)
class Work:
    """One container that does something and ends.

    `args` run under the image's entrypoint, once every endpoint in `reaches` accepts connections.
    """

    name: str
    image: Image
    labels: Mapping[str, str]
    args: Sequence[str]
    reaches: Sequence[wait_for.Endpoint]
    env: Sequence[EnvVarArgs] = ()
    volumes: Sequence[VolumeArgs] = ()
    mounts: Sequence[VolumeMountArgs] = ()
    cpu: str = "100m"
    memory: str = "768Mi"
    service_account: Text | None = None
    kubernetes_token: bool = False
    pull_secrets: Sequence[Text] = ()
    pool: NodePool = field(default_factory=NodePool)


def template(work: Work) -> PodTemplateSpecArgs:
    """The pod of a Job or CronJob."""
    return PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(labels=work.labels),
        spec=PodSpecArgs(
            restart_policy="Never",
            service_account_name=work.service_account,
            automount_service_account_token=work.kubernetes_token,
            enable_service_links=False,
            security_context=pod_security(),
            image_pull_secrets=[LocalObjectReferenceArgs(name=name) for name in work.pull_secrets] or None,
            node_selector=dict(work.pool.selector) or None,
            tolerations=tolerations(work.pool) or None,
            containers=[_container(work)],
            volumes=list(work.volumes) or None,
        ),
    )


def _container(work: Work) -> ContainerArgs:
    return ContainerArgs(
        name=work.name,
        image=work.image.reference,
        image_pull_policy=work.image.pull_policy,
        args=wait_for.command(work.reaches, work.args),
        env=list(work.env) or None,
        volume_mounts=list(work.mounts) or None,
        security_context=container_security(),
        # The end of the log becomes the Job's error, which is all that Pulumi shows.
        termination_message_policy="FallbackToLogsOnError",
        resources=ResourceRequirementsArgs(
            requests={"cpu": work.cpu, "memory": work.memory}, limits={"cpu": "1", "memory": work.memory}
        ),
    )


def pod_security() -> PodSecurityContextArgs:
    """The image's own user, never root."""
    return PodSecurityContextArgs(
        run_as_user=UID,
        run_as_group=0,
        fs_group=0,
        run_as_non_root=True,
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> SecurityContextArgs:
    """No way to more rights."""
    return SecurityContextArgs(allow_privilege_escalation=False, capabilities=CapabilitiesArgs(drop=["ALL"]))


def tolerations(pool: NodePool) -> list[TolerationArgs]:
    """The taints that a pool's pods accept."""
    return [
        TolerationArgs(key=one.key, operator="Equal", value=one.value, effect=one.effect) for one in pool.tolerations
    ]


def plain_env(values: Mapping[str, str]) -> list[EnvVarArgs]:
    """Environment that anybody may read."""
    return [EnvVarArgs(name=name, value=value) for name, value in sorted(values.items())]


def secret_env(name: str, secret: Text, key: str) -> EnvVarArgs:
    """One variable out of a Secret."""
    return EnvVarArgs(
        name=name, value_from=EnvVarSourceArgs(secret_key_ref=SecretKeySelectorArgs(name=secret, key=key))
    )


def scripts_volume(name: str, config_map: Text) -> VolumeArgs:
    """A ConfigMap's files as a folder."""
    return VolumeArgs(name=name, config_map=ConfigMapVolumeSourceArgs(name=config_map))


def mount(name: str, folder: str, read_only: bool = True) -> VolumeMountArgs:
    """A volume's place in the container."""
    return VolumeMountArgs(name=name, mount_path=folder, read_only=read_only)


def with_volume(work: Work, volume: VolumeArgs, folder: str, *, kubernetes_token: bool = False) -> Work:
    """The same work with one more read-only volume, and with its account's token if it asks the Kubernetes API."""
    return replace(
        work,
        volumes=[*work.volumes, volume],
        mounts=[*work.mounts, VolumeMountArgs(name=str(volume.name), mount_path=folder, read_only=True)],
        kubernetes_token=kubernetes_token,
    )
