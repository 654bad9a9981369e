"""What runs on the cluster beside Airflow, the same on every cloud."""

import pulumi

from infra.contracts import Foundation, PlatformOutputs
from infra.names import Names
from infra.settings import Secrets, Settings


class Platform(pulumi.ComponentResource):
    """Ingress, certificates, DNS records, monitoring and chaos, as far as the settings ask for them."""

    outputs: PlatformOutputs

    def __init__(
        self,
        name: str,
        settings: Settings,
        secrets: Secrets,
        foundation: Foundation,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:platform:Platform", name, None, opts)
        self.outputs = PlatformOutputs()
        self.register_outputs({})
