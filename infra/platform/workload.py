"""A Deployment of one container as every own workload of the platform is: confined, sized, on the system pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import apps, core
from pulumi_kubernetes.apps.v1 import DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
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
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from infra.platform.site import Site
from infra.settings.figures import Component

NOBODY = 65534


@dataclass(frozen=True)
class Workload:
    """One container: its image and arguments, and what it is given.

    `port` is that of its metrics, named `metrics`; None: it serves nothing. `token` is whether a pod with an
    account may speak to the Kubernetes API. `secret_environment` maps a variable to a Secret and its key. A volume is
    mounted for reading unless it is in `writable`.
    """

    image: str
    args: Sequence[pulumi.Input[str]]
    port: int | None
    figures: Component
    service_account: pulumi.Input[str] | None = None
    token: bool = True
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secret_environment: Mapping[str, tuple[core.v1.Secret, str]] = field(
        default_factory=dict[str, tuple[core.v1.Secret, str]]
    )
    volumes: Mapping[str, tuple[str, VolumeArgs]] = field(default_factory=dict[str, tuple[str, VolumeArgs]])
    writable: tuple[str, ...] = ()


def deployment(
    name: str, namespace: str, site: Site, workload: Workload, labels: Mapping[str, str], opts: pulumi.ResourceOptions
) -> apps.v1.Deployment:
    """One replica, replaced and not doubled. `volumes` maps a name to where it is mounted and what it is."""
    pod = PodTemplateSpecArgs(metadata=ObjectMetaArgs(labels=dict(labels)), spec=_pod(site, workload))
    return apps.v1.Deployment(
        name,
        metadata=ObjectMetaArgs(namespace=namespace, labels=dict(labels)),
        spec=DeploymentSpecArgs(
            replicas=1,
            strategy=DeploymentStrategyArgs(type="Recreate"),
            selector=LabelSelectorArgs(match_labels=dict(labels)),
            template=pod,
        ),
        opts=opts,
    )


def _pod(site: Site, workload: Workload) -> PodSpecArgs:
    pool = site.cluster.system
    return PodSpecArgs(
        service_account_name=workload.service_account,
        automount_service_account_token=workload.service_account is not None and workload.token,
        node_selector=dict(pool.selector),
        tolerations=[
            TolerationArgs(key=taint.key, operator="Equal", value=taint.value, effect=taint.effect)
            for taint in pool.tolerations
        ],
        security_context=PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=NOBODY,
            run_as_group=NOBODY,
            fs_group=NOBODY,
            seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[_container(workload)],
        volumes=[volume for _, volume in workload.volumes.values()],
    )


def _container(workload: Workload) -> ContainerArgs:
    figures = workload.figures
    return ContainerArgs(
        name="main",
        image=workload.image,
        args=list(workload.args),
        env=[
            *(EnvVarArgs(name=name, value=value) for name, value in workload.environment.items()),
            *(_from_secret(name, *where) for name, where in workload.secret_environment.items()),
        ],
        ports=[ContainerPortArgs(name="metrics", container_port=workload.port)] if workload.port else None,
        resources=ResourceRequirementsArgs(
            requests={"cpu": figures.cpu, "memory": figures.memory},
            limits={"cpu": figures.cpu_limit, "memory": figures.memory},
        ),
        security_context=SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=[
            VolumeMountArgs(name=name, mount_path=path, read_only=name not in workload.writable)
            for name, (path, _) in workload.volumes.items()
        ],
    )


def _from_secret(name: str, secret: core.v1.Secret, key: str) -> EnvVarArgs:
    reference = SecretKeySelectorArgs(name=secret.metadata.name, key=key)
    return EnvVarArgs(name=name, value_from=EnvVarSourceArgs(secret_key_ref=reference))


def secret_volume(name: str, secret: core.v1.Secret) -> VolumeArgs:
    """A Secret's keys as files that only the pod's own group reads."""
    return VolumeArgs(
        name=name, secret=core.v1.SecretVolumeSourceArgs(secret_name=secret.metadata.name, default_mode=0o440)
    )


def config_volume(name: str, config_map: core.v1.ConfigMap) -> VolumeArgs:
    """A ConfigMap's keys as files."""
    return VolumeArgs(name=name, config_map=core.v1.ConfigMapVolumeSourceArgs(name=config_map.metadata.name))
