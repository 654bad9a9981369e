"""One record per host, at the load balancer's address, by whatever zone the cloud gave."""

import pulumi

from infra.platform.site import Site
from infra.settings.platform_rules import hosts_of


class Records(pulumi.ComponentResource):
    """The records. They wait for the address, and are gone before the load balancer is."""

    records: tuple[pulumi.Resource, ...]

    def __init__(
        self, name: str, site: Site, address: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("airflow:platform:Records", name, None, opts)
        dns, child = site.foundation.dns, pulumi.ResourceOptions(parent=self)
        hosts = hosts_of(site.settings) if dns else ()
        self.records = tuple(dns.record(host, address, child) for host in hosts) if dns else ()
        self.register_outputs({})
