"""Azure DNS: the zone of the hosts, found by name or made here."""

import pulumi
from pulumi_azure_native import dns

from infra.cloud.azure.identity import DNS_ZONE_CONTRIBUTOR, Grant
from infra.cloud.azure.stack import Stack
from infra.contracts import Dns

TTL = 60  # seconds: a load balancer that was made anew has another address


class Zone(pulumi.ComponentResource):
    """A zone of the stack's own. Its name servers go to whoever has the domain above."""

    zone: dns.Zone

    def __init__(self, name: str, stack: Stack, zone: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:azure:Zone", name, None, opts)
        self.zone = dns.Zone(
            "zone",
            resource_group_name=stack.group,
            zone_name=zone,
            zone_type=dns.ZoneType.PUBLIC,
            location="global",
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=stack.keep or None),
        )
        self.register_outputs({})


class Record(pulumi.ComponentResource):
    """A host's address: an A record with the load balancer's, or a CNAME of an existing controller's name."""

    record: dns.RecordSet

    def __init__(
        self,
        name: str,
        stack: Stack,
        group: pulumi.Input[str],
        zone: pulumi.Input[str],
        relative: str,
        address: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:azure:Record", name, None, opts)
        ingress = stack.settings.platform.ingress
        kind = ingress.existing_record if ingress.state == "existing" else "A"
        self.record = dns.RecordSet(
            name,
            resource_group_name=group,
            zone_name=zone,
            relative_record_set_name=relative,
            record_type=kind,
            ttl=TTL,
            a_records=[dns.ARecordArgs(ipv4_address=address)] if kind == "A" else None,
            cname_record=dns.CnameRecordArgs(cname=address) if kind == "CNAME" else None,
            metadata=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, provider=stack.provider, hooks=stack.hooks),
        )
        self.register_outputs({})


def build(stack: Stack, opts: pulumi.ResourceOptions) -> Dns | None:
    """The promise that every cloud makes; None where a person, or Azure's own names, keep the records."""
    wanted = stack.settings.platform.dns
    if wanted.state == "off" or wanted.zone is None:
        return None
    zone = wanted.zone
    if wanted.state == "on":
        made = Zone("dns", stack, zone, opts).zone
        group, zone_name, zone_id = stack.group, made.name, made.id
    else:
        there = stack.cloud.dns_resource_group or ""
        found = dns.get_zone_output(
            resource_group_name=there, zone_name=zone, opts=pulumi.InvokeOutputOptions(provider=stack.provider)
        )
        group, zone_name, zone_id = pulumi.Output.from_input(there), found.name, found.id

    def record(host: str, address: pulumi.Input[str], own: pulumi.ResourceOptions) -> pulumi.Resource:
        relative = "@" if host == zone else host.removesuffix(f".{zone}")
        return Record(host, stack, group, zone_name, relative, address, own).record

    return Dns(
        zone=zone,
        record=record,
        # Without a client's id cert-manager takes that of its own pod, which the service account names.
        dns01={
            "azureDNS": {
                "subscriptionID": stack.cloud.subscription,
                "resourceGroupName": stack.group_name if wanted.state == "on" else stack.cloud.dns_resource_group,
                "hostedZoneName": zone,
                "environment": "AzurePublicCloud",
            }
        },
        dns01_grant=Grant(DNS_ZONE_CONTRIBUTOR, zone_id, f"challenges in {zone}"),
    )
