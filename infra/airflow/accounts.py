"""The service accounts of a release, with what the cloud needs to know them by."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import core
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.airflow.parts import CONTROL, Parts
from infra.contracts import Identity, IdentityRequest, LogStore, ServiceAccountIdentity, Text, name_of
from infra.settings.release import Release

#: Components that write logs to the store or read them from it.
USE_STORE = (*CONTROL, "worker")

#: Components that ask the Kubernetes API; the others get no token of it.
ASK_KUBERNETES = ("scheduler", "worker", "triggerer", "api-server", "jobs")


class ReleaseAccounts(pulumi.ComponentResource):
    """One account for each component. Depend on it before pods start: a pod gets its identity when it is made."""

    jobs: Text
    pod_labels: Mapping[str, Mapping[str, str]]
    ready: tuple[pulumi.Resource, ...]

    def __init__(
        self,
        name: str,
        release: Release,
        identity: Identity,
        store: LogStore | None,
        namespace: pulumi.Resource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """What an account is in the cloud is made at once; the account waits for its namespace, and is told of then."""
        super().__init__("airflow:airflow:ReleaseAccounts", name, None, opts)
        own, self._namespace = Parts(release), namespace
        bound = {
            part: self._bind(own, part, identity, store) if store and part in USE_STORE else ServiceAccountIdentity()
            for part in own.service_accounts
        }
        made = {part: self._account(own, part, identity) for part, identity in bound.items()}
        known = [resource for part, identity in bound.items() for resource in identity.associate(made[part])]
        self.jobs = name_of(made["jobs"], own.of("jobs"))
        self.pod_labels = {part: one.pod_labels for part, one in bound.items()}
        place = store.ready if store else ()
        self.ready = (*made.values(), *known, *place)
        self.register_outputs({})

    def _bind(self, own: Parts, part: str, identity: Identity, store: LogStore) -> ServiceAccountIdentity:
        account = own.of(part)
        request = IdentityRequest(account, own.namespace, account, (store.grant,))
        return identity.bind(request, pulumi.ResourceOptions(parent=self))

    def _account(self, own: Parts, part: str, identity: ServiceAccountIdentity) -> core.v1.ServiceAccount:
        return core.v1.ServiceAccount(
            own.of(part),
            metadata=ObjectMetaArgs(
                name=own.of(part),
                namespace=own.namespace,
                labels=own.labels(part),
                annotations=dict(identity.annotations) or None,
            ),
            automount_service_account_token=part in ASK_KUBERNETES,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._namespace]),
        )
