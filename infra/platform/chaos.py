"""chaoskube: kills a scheduler now and then, in the namespaces of the releases that the settings name and nowhere else.

Arguments: linki/chaoskube v0.39.1, README.md and main.go. It lists and deletes pods and writes events; each release
has a killer and a Role of its own, so that a wrong label can't reach another namespace.
"""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core, rbac
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, RoleRefArgs, SubjectArgs

from infra.namespaces import Namespace, to_kubernetes
from infra.platform.site import Site
from infra.platform.workload import Workload, deployment
from infra.settings.platform import Chaos as ChaosSettings
from infra.settings.release import Release
from infra.versions import CHAOSKUBE_IMAGE

PORT = 8080
RULES = (
    PolicyRuleArgs(api_groups=[""], resources=["pods"], verbs=["list", "delete"]),
    PolicyRuleArgs(api_groups=[""], resources=["events"], verbs=["create"]),
)


class Chaos(pulumi.ComponentResource):
    """A killer per release. It comes after its release and goes before it; its rights wait for namespaces only."""

    def __init__(
        self,
        name: str,
        site: Site,
        releases: Mapping[str, pulumi.Resource],
        namespaces: Mapping[str, Namespace],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`releases` are all of the stack's, by name, and `namespaces` theirs; the settings choose among them."""
        super().__init__("airflow:platform:Chaos", name, None, opts)
        self._site, chosen = site, site.platform.chaos.releases
        self._namespace = Namespace(
            "chaos",
            namespace=site.namespace("chaos"),
            labels=site.names.labels("chaos"),
            allow={"api-server": to_kubernetes(site.cluster.api_server)},
            ready=site.cluster.ready,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for release in site.settings.releases:
            if not chosen or release.name in chosen:
                self._killer(release, releases[release.name], namespaces[release.name].made)
        self.register_outputs({})

    def _killer(self, release: Release, after: pulumi.Resource, namespace: pulumi.Resource) -> None:
        site, name = self._site, f"chaos-{release.name}"
        child = pulumi.ResourceOptions(parent=self, depends_on=[self._namespace.made, namespace])
        labels = {**site.names.labels("chaos"), "release": release.name}
        here = ObjectMetaArgs(namespace=self._namespace.namespace, labels=labels)
        there = ObjectMetaArgs(namespace=release.in_namespace, labels=labels)
        account = core.v1.ServiceAccount(name, metadata=here, automount_service_account_token=True, opts=child)
        role = rbac.v1.Role(name, metadata=there, rules=list(RULES), opts=child)
        binding = rbac.v1.RoleBinding(
            name,
            metadata=there,
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="Role", name=role.metadata.name),
            subjects=[
                SubjectArgs(kind="ServiceAccount", name=account.metadata.name, namespace=self._namespace.namespace)
            ],
            opts=child,
        )
        workload = Workload(
            image=CHAOSKUBE_IMAGE,
            args=arguments(site.platform.chaos, release),
            port=PORT,
            figures=site.figures.chaos,
            service_account=account.metadata.name,
        )
        may = pulumi.ResourceOptions(parent=self, depends_on=[self._namespace, after, binding])
        deployment(name, self._namespace.namespace, site, workload, labels, may)


def arguments(chaos: ChaosSettings, release: Release) -> list[str]:
    """What chaoskube is told for one release: one pod an interval, for real, and none in quiet hours."""
    labels = {**chaos.labels, "release": release.name}
    quiet_times, quiet_days = ",".join(chaos.quiet_times), ",".join(chaos.quiet_weekdays)
    return [
        "--no-dry-run",
        f"--interval={chaos.interval_minutes}m",
        "--max-kill=1",
        f"--labels={','.join(f'{key}={value}' for key, value in labels.items())}",
        f"--namespaces={release.in_namespace}",
        # Without it chaoskube lists the pods of the whole cluster, which a Role can't allow.
        f"--client-namespace-scope={release.in_namespace}",
        f"--timezone={chaos.timezone}",
        *([f"--excluded-times-of-day={quiet_times}"] if quiet_times else []),
        *([f"--excluded-weekdays={quiet_days}"] if quiet_days else []),
        f"--metrics-address=:{PORT}",
        "--log-format=json",
    ]
