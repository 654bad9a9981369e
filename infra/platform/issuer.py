"""The ClusterIssuer of a stack: Let's Encrypt's staging or production, or an own CA. Specs are pure.

Fields: cert-manager 1.21, `ClusterIssuer` and `Certificate` of cert-manager.io/v1.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.platform.certificates import CertManager
from infra.platform.site import Site
from infra.settings import Tier
from infra.settings.platform_rules import issuer_of

API = "cert-manager.io/v1"
OWN_CA = "own-ca"
DIRECTORIES = {
    "letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
    "letsencrypt-prod": "https://acme-v02.api.letsencrypt.org/directory",
}
STAGING_IN_PRODUCTION = (
    "airflow:platform.certificates.issuer is letsencrypt-staging on a production stack: browsers will refuse its "
    "certificates. Use letsencrypt-prod once the host answers."
)
Spec = dict[str, Any]


class Issuer(pulumi.ComponentResource):
    """The issuer, awaited until it is Ready: an account is registered, or the CA's certificate is made."""

    issuer_name: str
    ready: tuple[pulumi.Resource, ...]

    def __init__(
        self,
        name: str,
        site: Site,
        cert_manager: CertManager,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make it after `after`: cert-manager, and the controller that answers its challenges."""
        super().__init__("airflow:platform:Issuer", name, None, opts)
        self.issuer_name = issuer_of(site.settings) or OWN_CA
        if self.issuer_name == "letsencrypt-staging" and site.settings.tier is Tier.production:
            pulumi.log.warn(STAGING_IN_PRODUCTION)
        if self.issuer_name == OWN_CA:
            after = self._own_ca(site, cert_manager.space.namespace, after)
            spec = ca_spec(f"{OWN_CA}-tls")
        else:
            spec = acme_spec(site, self.issuer_name)
        self.ready = (self._custom("ClusterIssuer", self.issuer_name, spec, after),)
        self.register_outputs({})

    def _own_ca(self, site: Site, namespace: str, after: Sequence[pulumi.Resource]) -> Sequence[pulumi.Resource]:
        """A certificate that signs itself, kept in cert-manager's namespace, where ClusterIssuers look for it."""
        root = f"{OWN_CA}-root"
        first = self._custom("ClusterIssuer", root, {"selfSigned": {}}, after)
        return [self._custom("Certificate", OWN_CA, ca_certificate_spec(site.cluster.name, root), [first], namespace)]

    def _custom(
        self, kind: str, name: str, spec: Spec, after: Sequence[pulumi.Resource], namespace: str | None = None
    ) -> CustomResource:
        """Without the annotation nobody waits for a custom resource to become what it says."""
        return CustomResource(
            name,
            api_version=API,
            kind=kind,
            metadata=ObjectMetaArgs(
                name=name, namespace=namespace, annotations={"pulumi.com/waitFor": "condition=Ready"}
            ),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def acme_spec(site: Site, issuer: str) -> Spec:
    """An account at Let's Encrypt, whose key cert-manager makes, and one solver for every host."""
    certificates = site.platform.certificates
    return {
        "acme": {
            "server": DIRECTORIES[issuer],
            "email": certificates.email,
            "privateKeySecretRef": {"name": f"{issuer}-account"},
            "solvers": [_solver(site)],
        }
    }


def _solver(site: Site) -> Spec:
    zone = site.challenged_zone
    if zone is not None:
        return {"selector": {"dnsZones": [zone.zone]}, "dns01": dict(zone.dns01 or {})}
    return {
        "http01": {
            "ingress": {
                "ingressClassName": site.platform.ingress.ingress_class,
                "serviceType": "ClusterIP",
                # Where every pool has a taint, as on AKS, the answering pod would wait for a node for ever.
                "podTemplate": {"spec": {**site.scheduling(), "priorityClassName": site.priority_class}},
            }
        }
    }


def ca_certificate_spec(cluster: str, issuer: str) -> Spec:
    """Ten years, since whoever trusts it has copied it by hand."""
    return {
        "isCA": True,
        "commonName": f"Airflow on {cluster}"[:64],
        "secretName": f"{OWN_CA}-tls",
        "duration": "87600h",
        "privateKey": {"algorithm": "ECDSA", "size": 256},
        "issuerRef": {"name": issuer, "kind": "ClusterIssuer", "group": "cert-manager.io"},
    }


def ca_spec(secret_name: str) -> Spec:
    """Signs with the CA in that Secret of cert-manager's namespace."""
    return {"ca": {"secretName": secret_name}}
