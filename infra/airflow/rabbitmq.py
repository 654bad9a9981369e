"""RabbitMQ as Celery's broker: the official image, one replica on a volume, a user and a virtual host of its own."""

import pulumi
from pulumi_kubernetes import apps, core
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    ExecActionArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PersistentVolumeClaimArgs,
    PersistentVolumeClaimSpecArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    ServicePortArgs,
    ServiceSpecArgs,
    VolumeArgs,
    VolumeMountArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from infra import versions
from infra.airflow import pods
from infra.airflow.keys import Keys
from infra.airflow.parts import RABBITMQ_PORT, Parts
from infra.contracts import Cluster, Text
from infra.settings import Settings
from infra.settings.release import Celery, Release

UID = 100
"""The `rabbitmq` user of the Alpine image; its group is 101."""

CONFIG = "\n".join(
    (
        # Airflow acknowledges a message when its task ends, and the default of 30 minutes would fail longer ones.
        "consumer_timeout = 31622400000",
        "vm_memory_high_watermark.relative = 0.6",
        "disk_free_limit.absolute = 500MB",
        "",
    )
)

# The first start alone reads RABBITMQ_DEFAULT_PASS: a changed one is set at every start, from standard input. The hook
# begins together with the server, whom it must not race to the cookie; after five minutes the container is made anew.
# Not a third word for rabbitmqctl, not even -q: its wrapper counts them, closes standard input, and it hangs for ever.
APPLY_AT_START = """\
for _ in $(seq 100); do
  if [ -s "$HOME/.erlang.cookie" ] &&
    printf %s "$RABBITMQ_DEFAULT_PASS" | rabbitmqctl change_password "$RABBITMQ_DEFAULT_USER"; then exit 0; fi
  sleep 3
done
exit 1
"""


class RabbitMq(pulumi.ComponentResource):
    """Depend on `server`: it answers on `<release>-rabbitmq:5672`."""

    server: apps.v1.StatefulSet

    def __init__(
        self,
        name: str,
        release: Release,
        settings: Settings,
        celery: Celery,
        keys: Keys,
        cluster: Cluster,
        priority_class: Text,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:airflow:RabbitMq", name, None, opts)
        own = Parts(release)
        self._name, self._labels = own.of("rabbitmq"), own.labels("rabbitmq")
        self._namespace = own.namespace
        here = pulumi.ResourceOptions(parent=self)
        config = core.v1.ConfigMap(
            f"{self._name}-config",
            metadata=ObjectMetaArgs(namespace=self._namespace, labels=self._labels),
            data={"10-airflow.conf": CONFIG},
            immutable=True,
            opts=here,
        )
        core.v1.Service(
            self._name,
            metadata=ObjectMetaArgs(name=self._name, namespace=self._namespace, labels=self._labels),
            spec=ServiceSpecArgs(
                selector=self._labels,
                ports=[ServicePortArgs(name="amqp", port=RABBITMQ_PORT, target_port=RABBITMQ_PORT)],
            ),
            opts=here,
        )
        self.server = apps.v1.StatefulSet(
            self._name,
            metadata=ObjectMetaArgs(name=self._name, namespace=self._namespace, labels=self._labels),
            spec=apps.v1.StatefulSetSpecArgs(
                service_name=self._name,
                replicas=1,
                selector=LabelSelectorArgs(match_labels=self._labels),
                template=self._template(settings, keys, cluster, config, priority_class),
                volume_claim_templates=[_claim(celery, cluster)],
            ),
            opts=here,
        )
        self.register_outputs({})

    def _template(
        self, settings: Settings, keys: Keys, cluster: Cluster, config: core.v1.ConfigMap, priority_class: Text
    ) -> PodTemplateSpecArgs:
        return PodTemplateSpecArgs(
            metadata=ObjectMetaArgs(labels=self._labels),
            spec=PodSpecArgs(
                service_account_name=self._name,
                automount_service_account_token=False,
                enable_service_links=False,
                priority_class_name=priority_class,
                termination_grace_period_seconds=60,
                node_selector=dict(cluster.system.selector) or None,
                tolerations=pods.tolerations(cluster.system) or None,
                security_context=PodSecurityContextArgs(
                    run_as_user=UID,
                    run_as_group=101,
                    fs_group=101,
                    # Erlang refuses its cookie once a change of group has made it readable for others.
                    fs_group_change_policy="OnRootMismatch",
                    run_as_non_root=True,
                    seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
                ),
                containers=[_container(settings, keys)],
                volumes=[
                    VolumeArgs(name="config", config_map=ConfigMapVolumeSourceArgs(name=config.metadata.name)),
                ],
            ),
        )


def _container(settings: Settings, keys: Keys) -> ContainerArgs:
    figure = settings.sized.rabbitmq
    if keys.broker_password is None:
        raise ValueError("a broker without a password")
    return ContainerArgs(
        name="rabbitmq",
        image=versions.RABBITMQ_IMAGE,
        env=[
            *pods.plain_env({"RABBITMQ_DEFAULT_USER": "airflow", "RABBITMQ_DEFAULT_VHOST": "airflow"}),
            pods.secret_env("RABBITMQ_DEFAULT_PASS", keys.broker_password, "password"),
        ],
        lifecycle=LifecycleArgs(
            post_start=LifecycleHandlerArgs(exec_=ExecActionArgs(command=["sh", "-c", APPLY_AT_START]))
        ),
        ports=[ContainerPortArgs(name="amqp", container_port=RABBITMQ_PORT)],
        resources=ResourceRequirementsArgs(
            requests={"cpu": figure.cpu, "memory": figure.memory},
            limits={"cpu": figure.cpu_limit, "memory": figure.memory},
        ),
        security_context=pods.container_security(),
        readiness_probe=_probe("check_port_connectivity", 10),
        startup_probe=_probe("check_port_connectivity", 30),
        liveness_probe=_probe("ping", 6),
        volume_mounts=[
            VolumeMountArgs(name="data", mount_path="/var/lib/rabbitmq"),
            VolumeMountArgs(
                name="config",
                mount_path="/etc/rabbitmq/conf.d/10-airflow.conf",
                sub_path="10-airflow.conf",
                read_only=True,
            ),
        ],
    )


def _probe(check: str, failures: int) -> ProbeArgs:
    """`rabbitmq-diagnostics` starts an Erlang node of its own: seldom, and with time."""
    return ProbeArgs(
        exec_=ExecActionArgs(command=["rabbitmq-diagnostics", "-q", check]),
        period_seconds=20,
        timeout_seconds=15,
        failure_threshold=failures,
    )


def _claim(celery: Celery, cluster: Cluster) -> PersistentVolumeClaimArgs:
    return PersistentVolumeClaimArgs(
        metadata=ObjectMetaArgs(name="data"),
        spec=PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteOnce"],
            storage_class_name=celery.storage_class or cluster.block_storage_class,
            resources=VolumeResourceRequirementsArgs(requests={"storage": f"{celery.volume_gib}Gi"}),
        ),
    )
