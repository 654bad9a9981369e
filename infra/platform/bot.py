"""The Slack bot (bot/) on the cluster: one pod without a way in, with a volume that remembers what it follows."""

import pulumi
from pulumi_kubernetes import core
from pulumi_kubernetes.core.v1 import (
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.namespaces import ANYWHERE, Allow, Namespace
from infra.platform.site import Site
from infra.platform.workload import Workload, deployment
from infra.settings import Secrets
from infra.settings.bot import Bot as BotSettings
from infra.settings.bot import BotImage
from infra.settings.figures import Component

STATE = "/var/lib/airflow-bot"
FIGURES = Component.model_validate({"replicas": 1, "cpu": "20m", "cpuLimit": "500m", "memory": "192Mi"})
"""Whatever the stack's size: it follows one deployment at a time, and its modules take 47 MiB."""


class Bot(pulumi.ComponentResource):
    """The bot's Deployment and what it is given. Made where `platform.bot` is on."""

    def __init__(
        self,
        name: str,
        site: Site,
        secrets: Secrets,
        image: BotImage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`image` is the settings' own, which a bot that is on has."""
        super().__init__("airflow:platform:Bot", name, None, opts)
        settings = site.platform.bot
        namespace = Namespace(
            "bot",
            namespace=site.namespace("bot"),
            labels=site.names.labels("bot"),
            allow={"services": Allow("egress", (ANYWHERE,), (443,))},  # Slack, GitHub, CircleCI: no fixed addresses
            ready=site.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        child = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        labels = site.names.labels("bot")
        metadata = ObjectMetaArgs(namespace=namespace.namespace, labels=labels)
        account = core.v1.ServiceAccount("bot", metadata=metadata, automount_service_account_token=False, opts=child)
        tokens = core.v1.Secret(
            "bot",
            metadata=metadata,
            string_data={variable: secrets.output(key) for variable, key in variables(settings).items()},
            opts=child,
        )
        workload = Workload(
            image=image.reference,
            args=(),
            port=None,
            figures=FIGURES,
            service_account=account.metadata.name,
            token=False,
            environment=environment(settings),
            secret_environment={variable: (tokens, variable) for variable in variables(settings)},
            volumes={"state": (STATE, _volume(_claim(site, namespace.namespace, child)))},
            writable=("state",),
        )
        deployment("bot", namespace.namespace, site, workload, labels, child)
        self.register_outputs({})


def environment(settings: BotSettings) -> dict[str, pulumi.Input[str]]:
    """What `bot/settings.py` reads, but for the tokens."""
    return {
        "REPOSITORY": settings.repository or "",
        **({"DAGS_REPOSITORY": settings.dags_repository} if settings.dags_repository else {}),
        "DELIVERY": settings.delivery,
        "CHANNELS": " ".join(settings.channels),
        "USERS": " ".join(settings.users),
        "STATE_FILE": f"{STATE}/state.json",
    }


def variables(settings: BotSettings) -> dict[str, str]:
    """The bot's secret variables and the stack's secrets that fill them."""
    circle = {"CIRCLECI_TOKEN": "circleciToken"} if settings.delivery == "circleci" else {}
    return {
        "SLACK_BOT_TOKEN": "slackBotToken",
        "SLACK_APP_TOKEN": "slackAppToken",
        "DELIVERY_TOKEN": "deliveryToken",
        **circle,
    }


def _claim(site: Site, namespace: str, opts: pulumi.ResourceOptions) -> core.v1.PersistentVolumeClaim:
    return core.v1.PersistentVolumeClaim(
        "bot",
        metadata=ObjectMetaArgs(
            namespace=namespace,
            labels=site.names.labels("bot"),
            # Many classes make the volume for the first pod that mounts it: waiting before would wait for ever.
            annotations={"pulumi.com/skipAwait": "true"},
        ),
        spec=PersistentVolumeClaimSpecArgs(
            access_modes=["ReadWriteOnce"],
            storage_class_name=site.cluster.block_storage_class,
            resources=VolumeResourceRequirementsArgs(requests={"storage": "1Gi"}),
        ),
        opts=opts,
    )


def _volume(claim: core.v1.PersistentVolumeClaim) -> VolumeArgs:
    source = PersistentVolumeClaimVolumeSourceArgs(claim_name=claim.metadata.name)
    return VolumeArgs(name="state", persistent_volume_claim=source)
