"""Route 53: the zone of the hosts, found by name or made here."""

import pulumi
import pulumi_aws as aws

from infra.cloud.aws.identity import Grant
from infra.cloud.aws.policies import Statement
from infra.cloud.aws.stack import Stack
from infra.contracts import Dns


class Zone(pulumi.ComponentResource):
    """A zone of the stack's own. Its name servers go to whoever has the domain above."""

    zone: aws.route53.Zone

    def __init__(self, name: str, stack: Stack, zone: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("airflow:aws:Zone", name, None, opts)
        self.zone = aws.route53.Zone(
            "zone",
            name=zone,
            comment=f"made by {stack.names.resource()}",
            force_destroy=not stack.keep,  # a challenge that was never answered leaves its record behind
            tags=stack.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=stack.keep or None),
        )
        self.register_outputs({})


TTL = 60  # seconds: somebody else's controller may move without our knowing


class Record(pulumi.ComponentResource):
    """A host's address: an alias of the load balancer, which unlike a CNAME may also stand at the zone's top.

    An existing controller's is a plain record: it may be no load balancer, or of another kind.
    """

    record: aws.route53.Record

    def __init__(
        self,
        name: str,
        stack: Stack,
        zone_id: pulumi.Input[str],
        address: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:aws:Record", name, None, opts)
        ingress = stack.settings.platform.ingress
        plain = ingress.state == "existing"
        self.record = aws.route53.Record(
            name,
            zone_id=zone_id,
            name=name,
            type=ingress.existing_record if plain else aws.route53.RecordType.A,
            ttl=TTL if plain else None,
            records=[address] if plain else None,
            aliases=None if plain else [_alias(stack, address)],
            opts=pulumi.ResourceOptions(parent=self, provider=stack.provider),
        )
        self.register_outputs({})


def _alias(stack: Stack, address: pulumi.Input[str]) -> aws.route53.RecordAliasArgs:
    balancers = aws.lb.get_hosted_zone_id_output(
        load_balancer_type="network", opts=pulumi.InvokeOutputOptions(provider=stack.provider)
    )
    return aws.route53.RecordAliasArgs(name=address, zone_id=balancers.id, evaluate_target_health=False)


def build(stack: Stack, opts: pulumi.ResourceOptions) -> Dns | None:
    """The promise that every cloud makes; None where a person keeps the records."""
    wanted = stack.settings.platform.dns
    if wanted.state == "off" or wanted.zone is None:
        return None
    if wanted.state == "on":
        zone_id: pulumi.Output[str] = Zone("dns", stack, wanted.zone, opts).zone.zone_id
    else:
        found = aws.route53.get_zone_output(
            name=wanted.zone, private_zone=False, opts=pulumi.InvokeOutputOptions(provider=stack.provider)
        )
        zone_id = found.zone_id

    def record(host: str, address: pulumi.Input[str], opts: pulumi.ResourceOptions) -> pulumi.Resource:
        return Record(host, stack, zone_id, address, opts).record

    return Dns(
        zone=wanted.zone,
        record=record,
        dns01={"route53": {"region": stack.cloud.region, "hostedZoneID": zone_id}},
        dns01_grant=Grant(_challenge(stack, zone_id)),
    )


def _challenge(stack: Stack, zone_id: pulumi.Output[str]) -> tuple[Statement, ...]:
    """What cert-manager needs to answer a challenge, and no more: text records of this one zone."""
    zone = pulumi.Output.concat(f"arn:{stack.cloud.partition}:route53:::hostedzone/", zone_id)
    only_text = {"ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["TXT"]}}
    return (
        Statement(["route53:GetChange"], [f"arn:{stack.cloud.partition}:route53:::change/*"]),
        Statement(["route53:ListResourceRecordSets"], [zone]),
        Statement(["route53:ChangeResourceRecordSets"], [zone], condition=only_text),
    )
