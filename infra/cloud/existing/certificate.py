"""The own CA of the database in the cluster, and the certificate that its server shows."""

from collections.abc import Sequence

import pulumi
import pulumi_tls as tls

# `up` makes a certificate anew within the last part of its life, and the server restarts with it. The CA's key stays,
# so that clients which still hold the old CA certificate trust what the new one signs.
_YEAR = 365 * 24
CA_HOURS, CA_RENEWAL_HOURS = 10 * _YEAR, 2 * _YEAR
SERVER_HOURS, SERVER_RENEWAL_HOURS = 2 * _YEAR, _YEAR


class ServerCertificate(pulumi.ComponentResource):
    """A CA with this one purpose, and a certificate signed by it. `ca` and `certificate` are PEM, `key` a secret PEM.

    `hosts` are the DNS names that clients use: `verify-full` compares the one that they connect to with these.
    """

    ca: pulumi.Output[str]
    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        organization: pulumi.Input[str],
        hosts: pulumi.Input[Sequence[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:existing:ServerCertificate", name, None, opts)
        provider = tls.Provider(f"{name}-tls", opts=pulumi.ResourceOptions(parent=self))
        child = pulumi.ResourceOptions(parent=self, provider=provider)
        ca_key = tls.PrivateKey(f"{name}-ca", algorithm="ECDSA", ecdsa_curve="P256", opts=child)
        ca = tls.SelfSignedCert(
            f"{name}-ca",
            private_key_pem=ca_key.private_key_pem,
            subject=tls.SelfSignedCertSubjectArgs(common_name="database CA", organization=organization),
            is_ca_certificate=True,
            max_path_length=0,
            set_subject_key_id=True,
            allowed_uses=["cert_signing", "crl_signing"],
            validity_period_hours=CA_HOURS,
            early_renewal_hours=CA_RENEWAL_HOURS,
            opts=child,
        )
        key = tls.PrivateKey(f"{name}-server", algorithm="ECDSA", ecdsa_curve="P256", opts=child)
        request = tls.CertRequest(
            f"{name}-server",
            private_key_pem=key.private_key_pem,
            subject=tls.CertRequestSubjectArgs(common_name="postgres", organization=organization),
            dns_names=hosts,
            opts=child,
        )
        signed = tls.LocallySignedCert(
            f"{name}-server",
            cert_request_pem=request.cert_request_pem,
            ca_private_key_pem=ca_key.private_key_pem,
            ca_cert_pem=ca.cert_pem,
            set_subject_key_id=True,
            allowed_uses=["digital_signature", "key_encipherment", "server_auth"],
            validity_period_hours=SERVER_HOURS,
            early_renewal_hours=SERVER_RENEWAL_HOURS,
            opts=child,
        )
        self.ca = ca.cert_pem
        self.certificate = signed.cert_pem
        self.key = pulumi.Output.secret(key.private_key_pem)
        self.register_outputs({})
