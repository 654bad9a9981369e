"""One Airflow on the cluster: the official chart, and what it needs around it."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes import networking
from pulumi_kubernetes.helm.v3 import Release as HelmRelease
from pulumi_kubernetes.helm.v3 import RepositoryOptsArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra import versions
from infra.airflow import access, capacity, chart, executors, parts, pod_policy, task_pods
from infra.airflow.accounts import ReleaseAccounts
from infra.airflow.commons import Commons, ca_config_map
from infra.airflow.dag_pods import DagPods, scheduler_role
from infra.airflow.database import ReleaseDatabase
from infra.airflow.ingress import ingress
from infra.airflow.jobs import Inside, ReleaseJobs
from infra.airflow.keys import ReleaseKeys
from infra.airflow.node_port import has_node_port, node_port
from infra.airflow.on_demand import close_logins, stand_ready
from infra.airflow.parts import Parts
from infra.airflow.rabbitmq import RabbitMq
from infra.airflow.scaling import scale
from infra.airflow.stateful import replaced_on
from infra.airflow.storage import followed
from infra.airflow.values import values
from infra.airflow.volumes import ReleaseVolumes
from infra.airflow.world import base_url, release_options
from infra.contracts import Foundation, PlatformOutputs, Text
from infra.namespaces import ANYWHERE, policy_spec
from infra.settings import ReleaseSecrets, Settings
from infra.settings.chart_rules import foreign_sections
from infra.settings.release import Release

TIMEOUT = 1200
"""Seconds that Helm waits for all pods: a cold cluster pulls a gigabyte of image first."""


class AirflowRelease(pulumi.ComponentResource):
    """An entry of `releases`: its database, keys, migration and Helm release, in a namespace of the commons."""

    name: str
    summary: Mapping[str, pulumi.Input[Any]]

    def __init__(
        self,
        name: str,
        release: Release,
        settings: Settings,
        secrets: ReleaseSecrets,
        foundation: Foundation,
        platform: PlatformOutputs,
        commons: Commons,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:airflow:AirflowRelease", name, None, opts)
        self.name = name
        self._release, self._settings, self._foundation = release, settings, foundation
        namespace = commons.of[release.name]
        self._namespace = namespace.made
        mine = pulumi.ResourceOptions(parent=self)
        here = pulumi.ResourceOptions(parent=self, depends_on=[namespace.made])
        database = ReleaseDatabase(name, release, secrets, foundation, commons, mine)
        keys = ReleaseKeys(name, release, secrets, foundation.database, here).names
        self._volumes = ReleaseVolumes(name, release, foundation, namespace.made, mine)
        store = self._volumes.store
        self._accounts = ReleaseAccounts(name, release, foundation.identity, store, namespace.made, mine)
        self._volumes.keep_within_bounds(self._accounts.jobs, keys.pull)
        options = release_options(release, settings, pulumi.get_stack(), self._volumes.store)
        ca = ca_config_map(f"{name}-database-ca", foundation.database, Parts(release).namespace, here)
        inside = Inside(release, keys, self._accounts.jobs, foundation.database, ca, options, foundation.cluster.system)
        ready = [namespace, *self._policies(platform, here)]
        jobs = ReleaseJobs(name, inside, [database.job, *foundation.database.settled, *ready], here)
        given = self._inputs(inside, commons, database.logins)
        self._warn(given)
        stand_ready(inside, self._volumes.dags, self._volumes.plugins, here)
        self._broker(given, pulumi.ResourceOptions(parent=self, depends_on=[*ready, *self._accounts.ready]))
        launching = self._launching(settings, given)
        helm = self._helm(
            values(release, settings, given), [*jobs.done, *self._accounts.ready, self._volumes, *launching]
        )
        by_hand = pulumi.ResourceOptions(parent=self, depends_on=[commons.admin])
        close_logins(release, database.by_hand, commons.admin.namespace, by_hand)
        scale(release, keys, pulumi.ResourceOptions(parent=self, depends_on=[helm, *platform.scaling]))
        after = pulumi.ResourceOptions(parent=self, depends_on=[helm, *platform.ready])
        ingress(release, settings.releases, platform, after)
        node_port(release, foundation.cluster, platform, pulumi.ResourceOptions(parent=self, depends_on=[helm]))
        if release.on_kubernetes and foundation.cluster.waits_for_tasks:
            task_pods.keep_from_drains(release, here)
        self.summary = self._summarized(platform)
        self.register_outputs({})

    def _warn(self, given: chart.Inputs) -> None:
        """Say what will run no DAG, or not the image that is asked for, before anybody waits for it."""
        name, image = self._release.name, self._release.image
        for section in foreign_sections(self._release.config):
            told = "neither Airflow nor a provider of the pinned image knows it, and only an image of your own may"
            pulumi.warn(f"release {name}: config.{section}: {told}", self)
        for line in capacity.warnings(self._release, self._settings, executors.task_pool(self._release, given)):
            pulumi.warn(line, self)
        if self._release.without_dags:
            pulumi.warn(
                f"release {name} has no DAGs: it reads them from its image, and the official one holds none. "
                "Set dags (bundle, git or share), or image.own (docs/airflow.md)",
                self,
            )
        elif image.own and image.official:
            pulumi.warn(
                f"release {name}: image.own: `make deploy` names the image that `make publish` pushed; "
                "this plan, and `pulumi up` by itself, run the official one",
                self,
            )

    def _summarized(self, platform: PlatformOutputs) -> dict[str, pulumi.Input[Any]]:
        """`service` is what `make ui` forwards a port of this machine to; empty where `url` is served already."""
        own, served = Parts(self._release), has_node_port(self._release, self._foundation.cluster, platform)
        return {
            "url": base_url(self._release, self._settings),
            "namespace": own.namespace,
            "service": "" if self._release.host or served else own.of("api-server"),
            "port": parts.API_PORT,
            "image": self._release.image.reference,
            "dags": followed(self._release),
        }

    def _broker(self, given: chart.Inputs, opts: pulumi.ResourceOptions) -> None:
        """RabbitMQ is ours; Redis is the chart's."""
        celery, cluster = self._release.celery, self._foundation.cluster
        if celery and celery.broker == "rabbitmq":
            RabbitMq(
                self._release.name,
                self._release,
                self._settings,
                celery,
                given.keys,
                cluster,
                given.priority_class,
                opts,
            )

    def _inputs(self, inside: Inside, commons: Commons, logins: Text) -> chart.Inputs:
        cluster, volumes = self._foundation.cluster, self._volumes
        return chart.Inputs(
            keys=inside.keys,
            database=inside.database,
            ca=inside.ca,
            options=inside.options,
            system=cluster.system,
            tasks=cluster.tasks,
            single_node=cluster.single_node,
            priority_class=commons.priority_class,
            store=volumes.store,
            dags_claim=volumes.dags,
            plugins_claim=volumes.plugins,
            logs_claim=volumes.logs,
            block_storage_class=cluster.block_storage_class,
            logins=logins,
            task_owner=self._task_owner(),
            pod_labels=self._accounts.pod_labels,
        )

    def _launching(self, settings: Settings, given: chart.Inputs) -> list[pulumi.Resource]:
        """Who may start pods, where, and which: before the first scheduler does."""
        release, mine = self._release, pulumi.ResourceOptions(parent=self)
        accounts = [self._namespace, *self._accounts.ready]
        pods = DagPods(release.name, release, settings, self._foundation.cluster.ready, accounts, mine)
        made = [*pods.ready, *scheduler_role(release, accounts, self)]
        if release.on_kubernetes:
            labels = pod_policy.template_labels(release, given.pod_labels.get("worker", {}))
            after = pulumi.ResourceOptions(parent=self, depends_on=[self._namespace])
            made += pod_policy.policy(release, labels, given.priority_class, after)
        return made

    def _task_owner(self) -> pulumi.Output[str] | None:
        """In destroy it goes after the scheduler, which makes the pods, and before the claims, which they hold."""
        if not self._release.on_kubernetes:
            return None
        return task_pods.owner(
            self._release, pulumi.ResourceOptions(parent=self, depends_on=[self._namespace, self._volumes])
        )

    def _policies(self, platform: PlatformOutputs, here: pulumi.ResourceOptions) -> list[pulumi.Resource]:
        own, foundation = Parts(self._release), self._foundation
        around = access.Around(
            database=foundation.database,
            kubernetes=foundation.cluster.api_server,
            identity=foundation.identity.peers,
            store=self._volumes.store,
            ingress=(ANYWHERE,)
            if has_node_port(self._release, foundation.cluster, platform)
            else platform.ingress_peers,
            monitoring=platform.monitoring_peers,
        )
        return [
            networking.v1.NetworkPolicy(
                own.of(purpose),
                metadata=ObjectMetaArgs(namespace=own.namespace, labels=own.labels("access")),
                spec=policy_spec(allow),
                opts=here,
            )
            for purpose, allow in access.table(self._release, around).items()
        ]

    def _helm(self, chart_values: dict[str, Any], waits: list[pulumi.Resource]) -> HelmRelease:
        own, archive = Parts(self._release), self._settings.airflow_chart
        return HelmRelease(
            own.helm,
            name=own.helm,
            namespace=own.namespace,
            chart=archive or "airflow",
            version=versions.AIRFLOW_CHART,
            repository_opts=None if archive else RepositoryOptsArgs(repo=versions.AIRFLOW_CHART_REPOSITORY),
            values=chart_values,
            timeout=TIMEOUT,
            skip_await=False,
            max_history=5,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=waits,
                replace_on_changes=replaced_on(self._release, chart_values) or None,
                delete_before_replace=True,  # its name is given
            ),
        )
