"""A cluster that is already there: the same promises as a cloud's, kept with what Kubernetes alone has."""

from infra.cloud.existing import cluster, database, files, identity
from infra.contracts import Foundation, Registry
from infra.names import Names
from infra.settings import Secrets, Settings
from infra.settings.existing import ExistingCloud


def build(cloud: ExistingCloud, settings: Settings, secrets: Secrets, names: Names) -> Foundation:
    """The foundation on the cluster that `cloud.context` names."""
    made = cluster.build(cloud, secrets, names)
    registry = None
    if cloud.registry:
        registry = Registry(cloud.registry.url, f"docker login {cloud.registry.url.partition('/')[0]}")
    return Foundation(
        cluster=made,
        database=database.build(cloud, settings, secrets, made, names),
        files=files.build(cloud, made),
        identity=identity.build(),
        registry=registry,
    )
