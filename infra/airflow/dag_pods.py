"""Who may start pods, and where: the scheduler beside Airflow, the code of DAGs in a namespace of its own.

What a KubernetesPodOperator starts may run as root from any image, so it stands where there is nothing of Airflow's:
no Secret, no account with rights, and no way in. `airflow_local_settings` sends it there (scripts/pod_mutation.py).
"""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import core, rbac
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, RoleRefArgs, SubjectArgs

from infra.airflow import access
from infra.airflow.commons import limits, quota
from infra.airflow.parts import Parts
from infra.namespaces import Namespace
from infra.settings import Settings
from infra.settings.release import Release

_RBAC = "rbac.authorization.k8s.io"


def _rule(resource: str, *verbs: str) -> PolicyRuleArgs:
    return PolicyRuleArgs(api_groups=[""], resources=[resource], verbs=list(verbs))


_PODS = (
    _rule("pods", "create", "delete", "get", "list", "patch", "watch"),
    _rule("pods/log", "get"),
    _rule("events", "list", "watch"),
)


class DagPods(pulumi.ComponentResource):
    """The namespace of the pods that a release's DAGs start, and the roles of whoever starts any.

    The scheduler waits for `ready`.
    """

    ready: tuple[pulumi.Resource, ...]

    def __init__(
        self,
        name: str,
        release: Release,
        settings: Settings,
        waits: tuple[pulumi.Resource, ...],
        accounts: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`waits` is what a namespace waits for (`Cluster.ready`); `accounts` are those that get rights."""
        super().__init__("airflow:airflow:DagPods", name, None, opts)
        self._release, self._parts, self._accounts = release, Parts(release), accounts
        self._namespace = self._made(settings, waits)
        launchers = [part for part in self._parts.runs_user_code if part != "dag-processor"]
        exec_ = _rule("pods/exec", "create", "get")  # a sidecar's XCom is read by a command in it
        self.ready = (*self._role("dag-pods", release.pods_namespace, [*_PODS, exec_], launchers), self._namespace)
        self.register_outputs({})

    def _made(self, settings: Settings, waits: tuple[pulumi.Resource, ...]) -> Namespace:
        name = self._release.pods_namespace
        # Not the stack's labels: by those its namespaces reach its database.
        labels = {"app.kubernetes.io/name": "dag-pods", "app.kubernetes.io/managed-by": "pulumi"}
        made = Namespace(
            name,
            namespace=name,
            labels=labels,
            allow=access.code_out(self._release),
            level="baseline",
            ready=waits,
            opts=pulumi.ResourceOptions(parent=self),
        )
        opts = pulumi.ResourceOptions(parent=self, depends_on=[made.made])
        metadata = ObjectMetaArgs(namespace=name, labels=labels)
        core.v1.ResourceQuota(name, metadata=metadata, spec=quota(settings, [self._release]), opts=opts)
        core.v1.LimitRange(name, metadata=metadata, spec=limits(settings), opts=opts)
        core.v1.ServiceAccount(
            name,
            metadata=ObjectMetaArgs(name=self._release.name, namespace=name, labels=labels),
            automount_service_account_token=False,
            opts=opts,
        )
        return made

    def _role(
        self, purpose: str, namespace: str, rules: Sequence[PolicyRuleArgs], parts: Sequence[str]
    ) -> list[pulumi.Resource]:
        return bound(self._release, purpose, namespace, rules, parts, self, [self._namespace.made, *self._accounts])


def scheduler_role(
    release: Release, accounts: Sequence[pulumi.Resource], parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """Beside Airflow the scheduler alone makes pods, and only where its executor does. The policy says which."""
    if not release.on_kubernetes:
        return []
    return bound(release, "task-pods", release.in_namespace, _PODS, ["scheduler"], parent, accounts)


def bound(
    release: Release,
    purpose: str,
    namespace: str,
    rules: Sequence[PolicyRuleArgs],
    parts: Sequence[str],
    parent: pulumi.Resource,
    waits: Sequence[pulumi.Resource],
) -> list[pulumi.Resource]:
    """A Role and its binding to the accounts of these components."""
    own = Parts(release)
    metadata = ObjectMetaArgs(name=own.of(purpose), namespace=namespace, labels=own.labels(purpose))
    opts = pulumi.ResourceOptions(parent=parent, depends_on=list(waits))
    role = rbac.v1.Role(own.of(purpose), metadata=metadata, rules=list(rules), opts=opts)
    binding = rbac.v1.RoleBinding(
        own.of(purpose),
        metadata=metadata,
        role_ref=RoleRefArgs(api_group=_RBAC, kind="Role", name=own.of(purpose)),
        subjects=[SubjectArgs(kind="ServiceAccount", name=own.of(part), namespace=own.namespace) for part in parts],
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[role]),
    )
    return [role, binding]
