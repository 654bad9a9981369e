"""A simulated AWS: one account, one region."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engine.providers import wire
from tests.engine.providers.cloud import MADE_UP, Cloud, Made, digits, marks
from tests.engine.providers.world import RefusedError, Thing

ACCOUNT, REGION = "123456789012", "eu-west-1"
PROTECTION = "deletionProtection"
HERE = "{region}:{account}"


@dataclass(frozen=True)
class Kind:
    """One type. Texts are formats over its inputs and `hex`, `account`, `region`, `id`, `arn`.

    `arn` is what follows `arn:aws:`; `once` is what can stand only once, `named` the input that the provider makes up
    where nobody gave it.
    """

    id: str
    arn: str = ""
    once: str = ""
    named: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])


_CLUSTER = {
    "endpoint": "https://{hex}.gr7.{region}.eks.amazonaws.com",
    "certificateAuthority": {"data": "c2ltdWxhdGVk"},
    "identities": [{"oidcs": [{"issuer": "https://oidc.eks.{region}.amazonaws.com/id/{hex}"}]}],
    "platformVersion": "eks.1",
    "status": "ACTIVE",
}
_DATABASE = {
    "address": "{identifier}.{hex}.{region}.rds.amazonaws.com",
    "endpoint": "{identifier}.{hex}.{region}.rds.amazonaws.com:{port}",
    "hostedZoneId": "Z29XKXDKYMONMX",
    "resourceId": "db-{hex}",
    "status": "available",
}
_REGISTRY = {"repositoryUrl": "{account}.dkr.ecr.{region}.amazonaws.com/{name}", "registryId": "{account}"}
_BUCKET = {"bucketDomainName": "{bucket}.s3.amazonaws.com", "region": "{region}", "hostedZoneId": "Z1BKCTXD74EZPE"}

KINDS: Mapping[str, Kind] = {
    "cloudwatch/logGroup:LogGroup": Kind("{name}", f"logs:{HERE}:log-group:{{name}}", "{name}", "name"),
    "ec2/defaultSecurityGroup:DefaultSecurityGroup": Kind("sg-{hex}", f"ec2:{HERE}:security-group/{{id}}", "{vpcId}"),
    "ec2/eip:Eip": Kind("eipalloc-{hex}", "", "", "", {"allocationId": "{id}", "publicIp": "203.0.113.{octet}"}),
    "ec2/flowLog:FlowLog": Kind("fl-{hex}", f"ec2:{HERE}:vpc-flow-log/{{id}}"),
    "ec2/internetGateway:InternetGateway": Kind("igw-{hex}", f"ec2:{HERE}:internet-gateway/{{id}}", "{vpcId}"),
    "ec2/launchTemplate:LaunchTemplate": Kind(
        "lt-{hex}", f"ec2:{HERE}:launch-template/{{id}}", "{name}", "name", {"latestVersion": 1, "defaultVersion": 1}
    ),
    "ec2/natGateway:NatGateway": Kind("nat-{hex}", "", "", "", {"publicIp": "203.0.113.{octet}"}),
    "ec2/route:Route": Kind("r-{hex}", "", "{routeTableId} {destinationCidrBlock}", "", {"state": "active"}),
    "ec2/routeTable:RouteTable": Kind("rtb-{hex}", f"ec2:{HERE}:route-table/{{id}}"),
    "ec2/routeTableAssociation:RouteTableAssociation": Kind("rtbassoc-{hex}", "", "{subnetId}"),
    "ec2/securityGroup:SecurityGroup": Kind("sg-{hex}", f"ec2:{HERE}:security-group/{{id}}", "{vpcId} {name}", "name"),
    "ec2/subnet:Subnet": Kind("subnet-{hex}", f"ec2:{HERE}:subnet/{{id}}", "{vpcId} {cidrBlock}"),
    "ec2/vpc:Vpc": Kind("vpc-{hex}", f"ec2:{HERE}:vpc/{{id}}", "", "", {"mainRouteTableId": "rtb-main{hex}"}),
    "ec2/vpcEndpoint:VpcEndpoint": Kind("vpce-{hex}", f"ec2:{HERE}:vpc-endpoint/{{id}}", "{vpcId} {serviceName}"),
    "ecr/lifecyclePolicy:LifecyclePolicy": Kind("{repository}", "", "{repository}"),
    "ecr/repository:Repository": Kind("{name}", f"ecr:{HERE}:repository/{{name}}", "{name}", "name", _REGISTRY),
    "efs/accessPoint:AccessPoint": Kind("fsap-{hex}", f"elasticfilesystem:{HERE}:access-point/{{id}}"),
    "efs/backupPolicy:BackupPolicy": Kind("{fileSystemId}", "", "{fileSystemId}"),
    "efs/fileSystem:FileSystem": Kind(
        "fs-{hex}",
        f"elasticfilesystem:{HERE}:file-system/{{id}}",
        "",
        "",
        {"dnsName": "{id}.efs.{region}.amazonaws.com"},
    ),
    "efs/fileSystemPolicy:FileSystemPolicy": Kind("{fileSystemId}", "", "{fileSystemId}"),
    "efs/mountTarget:MountTarget": Kind("fsmt-{hex}", "", "{fileSystemId} {subnetId}"),
    "eks/accessEntry:AccessEntry": Kind("{clusterName}:{principalArn}", "", "{clusterName} {principalArn}"),
    "eks/accessPolicyAssociation:AccessPolicyAssociation": Kind(
        "{clusterName}#{principalArn}#{policyArn}", "", "{clusterName} {principalArn} {policyArn}"
    ),
    "eks/addon:Addon": Kind("{clusterName}:{addonName}", f"eks:{HERE}:addon/{{id}}", "{clusterName} {addonName}"),
    "eks/cluster:Cluster": Kind("{name}", f"eks:{HERE}:cluster/{{name}}", "{name}", "name", _CLUSTER),
    "eks/nodeGroup:NodeGroup": Kind(
        "{clusterName}:{nodeGroupName}",
        f"eks:{HERE}:nodegroup/{{clusterName}}/{{nodeGroupName}}",
        "{clusterName} {nodeGroupName}",
        "nodeGroupName",
    ),
    "eks/podIdentityAssociation:PodIdentityAssociation": Kind(
        "a-{hex}", f"eks:{HERE}:podidentityassociation/{{id}}", "{clusterName} {namespace} {serviceAccount}"
    ),
    "iam/role:Role": Kind("{name}", "iam::{account}:role/{name}", "{name}", "name", {"uniqueId": "AROA{hex}"}),
    "iam/rolePolicy:RolePolicy": Kind("{role}:{name}", "", "{role} {name}", "name"),
    "iam/rolePolicyAttachment:RolePolicyAttachment": Kind("{role}/{policyArn}", "", "{role} {policyArn}"),
    "kms/alias:Alias": Kind("{name}", f"kms:{HERE}:{{name}}", "{name}", "name"),
    "kms/key:Key": Kind("{hex}", f"kms:{HERE}:key/{{hex}}", "", "", {"keyId": "{id}"}),
    "rds/instance:Instance": Kind("db-{hex}", f"rds:{HERE}:db:{{identifier}}", "{identifier}", "identifier", _DATABASE),
    "rds/parameterGroup:ParameterGroup": Kind("{name}", f"rds:{HERE}:pg:{{name}}", "{name}", "name"),
    "rds/subnetGroup:SubnetGroup": Kind("{name}", f"rds:{HERE}:subgrp:{{name}}", "{name}", "name"),
    "route53/record:Record": Kind("{zoneId}_{name}_{type}", "", "{zoneId} {name} {type}", "", {"fqdn": "{name}"}),
    "route53/zone:Zone": Kind("Z{hex}", "", "", "", {"zoneId": "{id}", "nameServers": ["ns-1.awsdns-01.org"]}),
    "s3/bucket:Bucket": Kind("{bucket}", "s3:::{bucket}", "{bucket}", "bucket", _BUCKET),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Kind("{bucket}", "", "{bucket}"),
    "s3/bucketOwnershipControls:BucketOwnershipControls": Kind("{bucket}", "", "{bucket}"),
    "s3/bucketPolicy:BucketPolicy": Kind("{bucket}", "", "{bucket}"),
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Kind("{bucket}", "", "{bucket}"),
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Kind(
        "{bucket}", "", "{bucket}"
    ),
    "s3/bucketVersioning:BucketVersioning": Kind("{bucket}", "", "{bucket}"),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": Kind("sgr-{hex}"),
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": Kind("sgr-{hex}"),
}
FUNCTIONS: Mapping[str, Mapping[str, Any]] = {
    "aws:eks/getAddonVersion:getAddonVersion": {"version": "v1.0.0-eksbuild.1", "id": "addon"},
    "aws:lb/getHostedZoneId:getHostedZoneId": {"id": "Z2IFOLAFXWLO4F", "region": REGION},
    "aws:route53/getZone:getZone": {
        "zoneId": "Z0SIMULATED",
        "id": "Z0SIMULATED",
        "nameServers": ["ns-1.awsdns-01.org"],
    },
}


class Aws(Cloud):
    package = "aws"

    def checked(self, urn: str, news: wire.Values, olds: wire.Values, seed: str) -> wire.Values:
        field_ = _kind(urn).named
        if not field_ or f"{field_}Prefix" in news or (field_ in news and field_ not in news.get(MADE_UP, ())):
            return {**news, MADE_UP: []}
        kept = olds.get(field_) if field_ in (olds.get(MADE_UP) or ()) else None
        return {**news, field_: kept or f"{wire.name(urn)}-{seed[:7]}", MADE_UP: [field_]}

    def identity(self, urn: str, inputs: Mapping[str, Any]) -> str | None:
        once = _kind(urn).once
        return f"{wire.token(urn)} {_filled(once, {'name': '', **inputs})}" if once else None

    def make(self, urn: str, inputs: Mapping[str, Any], shown: wire.Values, number: int) -> Made:
        kind = _kind(urn)
        known = {
            "account": ACCOUNT,
            "region": REGION,
            "hex": digits(urn, number, 17),
            "octet": number % 250 + 1,
            "port": 5432,
            **inputs,
        }
        known["id"] = _filled(kind.id, known)
        arn = _filled(f"arn:aws:{kind.arn}", known) if kind.arn else ""
        computed = {key: _filled(value, known) for key, value in kind.outputs.items()}
        outputs = {**computed, **shown, "id": known["id"], **({"arn": arn} if arn else {})}
        if wire.token(urn) == "aws:eks/cluster:Cluster":
            network = {"clusterSecurityGroupId": f"sg-{known['hex']}", "vpcId": f"vpc-{known['hex']}"}
            outputs["vpcConfig"] = {**shown.get("vpcConfig", {}), **network}
        return Made(known["id"], outputs, marks(known["id"], arn, known.get(kind.named)))

    def require(self, urn: str, inputs: Mapping[str, Any]) -> None:
        """What IAM and EKS refuse: a policy for a role that is not there, whatever for a cluster that is not there."""
        kind = wire.token(urn)
        if kind.startswith("aws:iam/rolePolicy") and not self._there("aws:iam/role:Role", str(inputs["role"])):
            raise RefusedError(f"NoSuchEntity: The role with name {inputs['role']} cannot be found")
        if "clusterName" in inputs and not self._there("aws:eks/cluster:Cluster", str(inputs["clusterName"])):
            raise RefusedError(f"ResourceNotFoundException: No cluster found for name: {inputs['clusterName']}")

    def _there(self, token: str, id_: str) -> bool:
        return any(thing.id == id_ for thing in self.world.of_token(token))

    def outputs_of_update(self, urn: str, shown: wire.Values, before: Mapping[str, Any]) -> wire.Values:
        after = super().outputs_of_update(urn, shown, before)
        if wire.token(urn) == "aws:ec2/launchTemplate:LaunchTemplate":
            after["latestVersion"] = before["latestVersion"] + 1
        if wire.token(urn) == "aws:eks/cluster:Cluster":
            after["vpcConfig"] = {**before["vpcConfig"], **shown.get("vpcConfig", {})}
        return after

    def deletes_first(self, token: str, old: wire.Values, new: wire.Values) -> bool:
        """Where a person gave the name and it stays: the provider knows that the two cannot stand side by side."""
        name = KINDS[token.removeprefix("aws:")].named
        return bool(name) and name not in new.get(MADE_UP, ()) and name in new and old.get(name) == new.get(name)

    def keeps(self, thing: Thing) -> str:
        return f"InvalidParameter: deletion protection of {thing.id} is on" if thing.inputs.get(PROTECTION) else ""

    def answer(self, token: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**arguments, **FUNCTIONS[token]} if token in FUNCTIONS else super().answer(token, arguments)


def _kind(urn: str) -> Kind:
    return KINDS[wire.token(urn).removeprefix("aws:")]


def _filled(text: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(text, Mapping):
        return {key: _filled(value, known) for key, value in text.items()}
    if isinstance(text, list):
        return [_filled(value, known) for value in text]
    return text.format_map(known) if isinstance(text, str) else text
