"""Pod parts of the database and its dumps, as the restricted Pod Security level wants them. Pure: no resource."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes import core

from infra.settings.figures import DatabaseFigures
from infra.versions import POSTGRES_IMAGE

USER = 999  # `postgres` in the official image's Debian variant
ADMIN = "postgres"
PORT = 5432

PASSWORD = "/run/secrets/database"  # noqa: S105 a folder
CERTIFICATE = "/run/secrets/certificate"
SCRIPTS = "/opt/airflow-database"
CA = f"{SCRIPTS}/ca.pem"


def pod_security() -> core.v1.PodSecurityContextArgs:
    """Nobody but the image's own user; its group owns the volumes and reads the Secrets' files."""
    return core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=USER,
        run_as_group=USER,
        fs_group=USER,
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def container_security() -> core.v1.SecurityContextArgs:
    """No way up, and nothing to write but the mounted volumes."""
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def resources(figures: DatabaseFigures) -> core.v1.ResourceRequirementsArgs:
    """What the size gives the server; a dump gets the same, since it works as hard."""
    return core.v1.ResourceRequirementsArgs(
        requests={"cpu": figures.cpu, "memory": figures.memory},
        limits={"cpu": figures.cpu_limit, "memory": figures.memory},
    )


def environment(values: Mapping[str, pulumi.Input[str]]) -> list[core.v1.EnvVarArgs]:
    """Plain values by name; a secret is a file's name here."""
    return [core.v1.EnvVarArgs(name=name, value=value) for name, value in values.items()]


def mount(name: str, path: str, *, read_only: bool = True) -> core.v1.VolumeMountArgs:
    """A volume of the pod in a container."""
    return core.v1.VolumeMountArgs(name=name, mount_path=path, read_only=read_only)


def secret_volume(name: str, secret: pulumi.Input[str]) -> core.v1.VolumeArgs:
    """A Secret's keys as files that root owns and the group reads: the most that PostgreSQL allows for a key."""
    return core.v1.VolumeArgs(name=name, secret=core.v1.SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440))


def config_volume(name: str, config: pulumi.Input[str]) -> core.v1.VolumeArgs:
    """A ConfigMap's keys as files."""
    return core.v1.VolumeArgs(name=name, config_map=core.v1.ConfigMapVolumeSourceArgs(name=config, default_mode=0o444))


def scratch_volume(name: str, size: str, *, memory: bool = False) -> core.v1.VolumeArgs:
    """An empty folder of a pod's life."""
    source = core.v1.EmptyDirVolumeSourceArgs(size_limit=size, medium="Memory" if memory else None)
    return core.v1.VolumeArgs(name=name, empty_dir=source)


def container(
    name: str,
    *,
    figures: DatabaseFigures,
    env: Mapping[str, pulumi.Input[str]],
    mounts: list[core.v1.VolumeMountArgs],
    command: Sequence[pulumi.Input[str]] | None = None,
    args: list[str] | None = None,
    port: int | None = None,
    startup: core.v1.ProbeArgs | None = None,
    probe: core.v1.ProbeArgs | None = None,
) -> core.v1.ContainerArgs:
    """A container of the PostgreSQL image. `startup` holds `probe` (ready and alive) back until it passed once."""
    return core.v1.ContainerArgs(
        name=name,
        image=POSTGRES_IMAGE,
        command=list(command) if command else None,
        args=args,
        env=environment(env),
        ports=[core.v1.ContainerPortArgs(name="postgres", container_port=port)] if port else None,
        resources=resources(figures),
        security_context=container_security(),
        volume_mounts=mounts,
        startup_probe=startup,
        readiness_probe=probe,
        liveness_probe=probe,
        termination_message_policy="FallbackToLogsOnError",
    )


def volume_claim(storage_class: str | None, size_gib: int) -> core.v1.PersistentVolumeClaimSpecArgs:
    """A volume that one node mounts. Without a class the cluster's default serves."""
    return core.v1.PersistentVolumeClaimSpecArgs(
        access_modes=["ReadWriteOnce"],
        storage_class_name=storage_class,
        resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": f"{size_gib}Gi"}),
    )
