"""No cloud stands behind the cluster, so that a service account is nobody outside of it."""

import pulumi

from infra.contracts import Identity, IdentityRequest, ServiceAccountIdentity


def build() -> Identity:
    """An identity that binds nothing."""
    return Identity(bind=_bind)


def _bind(_request: IdentityRequest, _opts: pulumi.ResourceOptions) -> ServiceAccountIdentity:
    return ServiceAccountIdentity()
