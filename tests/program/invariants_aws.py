"""What must hold in every AWS plan (docs/guarantees.md, "Never true").

Each function takes a plan and returns what breaks its rule, as readable lines.
`tests/program/invariants.py` has those of every cloud.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.cloud.aws.nodes import LABEL
from infra.preview.model import Plan
from tests.program.invariants_aws_data import (
    buckets_are_closed,
    data_is_protected,
    database_is_safe,
    database_speaks_tls,
    files_are_encrypted,
    images_are_immutable,
    own_key,
)
from tests.program.reading import expected, value
from tests.program.stacks import UNKNOWN

CLUSTER = "aws:eks/cluster:Cluster"
#: Types of ours that AWS cannot tag; every other one carries the stack's tags.
UNTAGGED = frozenset(
    {
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:efs/backupPolicy:BackupPolicy",
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:efs/mountTarget:MountTarget",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:route53/record:Record",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
    }
)


def groups_admit_nodes_alone(plan: Plan) -> Iterator[str]:
    """5432 and 2049 from the nodes' group only; no rule from the world, none for SSH, none written inline.

    A private API is reached from the networks that were named, and where it is public it has no group of ours.
    """
    nodes = {one.urn for one in plan.of_type("aws:ec2/securityGroup:SecurityGroup") if one.name == "nodes"}
    public = any(value(one, "vpcConfig.endpointPublicAccess") for one in plan.of_type(CLUSTER))
    for rule in plan.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        if rule.inputs["fromPort"] == rule.inputs["toPort"] == 443 and not public:
            if rule.inputs.get("cidrIpv4") in (None, "0.0.0.0/0") or rule.inputs.get("cidrIpv6"):
                yield f"{rule.urn}: {rule.inputs}"
            continue
        if rule.inputs.get("cidrIpv4") or rule.inputs.get("cidrIpv6") or not nodes & set(rule.depends_on):
            yield f"{rule.urn}: not from the nodes alone"
        if rule.inputs["fromPort"] != rule.inputs["toPort"] or rule.inputs["fromPort"] not in (5432, 2049):
            yield f"{rule.urn}: ports {rule.inputs['fromPort']}-{rule.inputs['toPort']}"
    for group in plan.of_type(
        "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    ):
        if group.inputs.get("ingress") or group.inputs.get("egress"):
            yield f"{group.urn}: rules inline"


def api_is_private(plan: Plan) -> Iterator[str]:
    """The private endpoint is on, the public one limited; logs; Secrets under a key that rotates."""
    for cluster in plan.of_type(CLUSTER):
        yield from expected(
            cluster,
            {
                "vpcConfig.endpointPrivateAccess": True,
                "encryptionConfig.resources": ["secrets"],
                "encryptionConfig.provider.keyArn": own_key(value(cluster, "encryptionConfig.provider.keyArn")),
                "enabledClusterLogTypes": ["api", "audit", "authenticator"],
                "bootstrapSelfManagedAddons": False,
            },
        )
        allowed = value(cluster, "vpcConfig.publicAccessCidrs") or []
        if value(cluster, "vpcConfig.endpointPublicAccess") and (not allowed or "0.0.0.0/0" in allowed):
            yield f"{cluster.urn}: public to {allowed}"
    for key in plan.of_type("aws:kms/key:Key"):
        yield from expected(key, {"enableKeyRotation": True})


def admins_are_entries(plan: Plan) -> Iterator[str]:
    """Access entries, no creator's right, no aws-auth."""
    for cluster in plan.of_type(CLUSTER):
        yield from expected(
            cluster,
            {
                "accessConfig.authenticationMode": "API",
                "accessConfig.bootstrapClusterCreatorAdminPermissions": False,
            },
        )
    entries = {one.name for one in plan.of_type("aws:eks/accessEntry:AccessEntry")}
    policies = {one.name for one in plan.of_type("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")}
    if not entries or entries != policies:
        yield f"entries {entries}, policies {policies}"
    for config_map in plan.of_type("kubernetes:core/v1:ConfigMap"):
        if value(config_map, "metadata.name") == "aws-auth":
            yield f"{config_map.urn}: aws-auth"


def nodes_are_closed(plan: Plan) -> Iterator[str]:
    """IMDSv2 with one hop, encrypted volumes, private subnets without public addresses; tasks are tainted."""
    for template in plan.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        yield from expected(
            template, {"metadataOptions.httpTokens": "required", "metadataOptions.httpPutResponseHopLimit": 1}
        )
        for device in template.inputs["blockDeviceMappings"]:
            if device["ebs"]["encrypted"] != "true":
                yield f"{template.urn}: a plain volume"
        if template.inputs.get("networkInterfaces") or template.inputs.get("keyName"):
            yield f"{template.urn}: interfaces or a key of its own"
    for subnet in plan.of_type("aws:ec2/subnet:Subnet"):
        yield from expected(subnet, {"mapPublicIpOnLaunch": False})
    private = {one.urn for one in plan.of_type("aws:ec2/subnet:Subnet") if one.name.startswith("private")}
    other = {one.urn for one in plan.of_type("aws:ec2/subnet:Subnet")} - private
    for group in plan.of_type("aws:eks/nodeGroup:NodeGroup"):
        direct = set(group.depends_on)
        if not private <= direct or other & direct:
            yield f"{group.urn}: not in the private subnets alone"
        if group.name == "tasks" and not any(taint["key"] == LABEL for taint in group.inputs.get("taints", [])):
            yield f"{group.urn}: no taint"


def roles_are_narrow(plan: Plan) -> Iterator[str]:
    """A pod's role is one service account's; nobody may do everything; the CNI's right is not the node's."""
    bound: set[tuple[str, str]] = set()
    for role in plan.of_type("aws:iam/role:Role"):
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        if statement["Principal"]["Service"] != "pods.eks.amazonaws.com":
            continue
        pinned = statement.get("Condition", {}).get("StringEquals", {})
        who = tuple(pinned.get(f"aws:RequestTag/kubernetes-{part}", "") for part in ("namespace", "service-account"))
        if not all(who) or not pinned.get("aws:SourceAccount") or who in bound:
            yield f"{role.urn}: trusts {statement}"
        bound.add((str(who[0]), str(who[1])))
    for policy in plan.of_type("aws:iam/rolePolicy:RolePolicy"):
        yield from (f"{policy.urn}: {line}" for line in _too_wide(policy.inputs["policy"]))
    for attachment in plan.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        if "CNI" in attachment.inputs["policyArn"] and attachment.name.startswith("nodes"):
            yield f"{attachment.urn}: the CNI's right on the node's role"
        if "Administrator" in attachment.inputs["policyArn"]:
            yield f"{attachment.urn}: {attachment.inputs['policyArn']}"


def everything_is_tagged(plan: Plan) -> Iterator[str]:
    """Whatever AWS can tag carries the owner's and the stack's tags, not by the provider's default alone."""
    for resource in plan:
        if resource.package != "aws" or not resource.custom or resource.type.startswith("pulumi:"):
            continue
        tags = resource.inputs.get("tags", {})
        tagged = tags.get("stack") == plan.stack and bool(tags.get("owner"))
        if tagged == (resource.type in UNTAGGED):
            yield f"{resource.urn}: tags {tags}"


def the_account_is_the_expected_one(plan: Plan) -> Iterator[str]:
    """Every resource is made by our provider, which refuses any other account."""
    (provider,) = plan.of_type("pulumi:providers:aws")
    if provider.inputs.get("allowedAccountIds") in (None, "[]") or not provider.inputs.get("region"):
        yield f"{provider.urn}: {dict(provider.inputs)}"
    for resource in plan:
        if resource.type.startswith("aws:") and resource.provider != provider.urn:
            yield f"{resource.urn}: by {resource.provider}"


def _too_wide(policy: Any) -> Iterator[str]:
    if policy == UNKNOWN:
        return
    for statement in json.loads(policy)["Statement"]:
        for action in statement["Action"]:
            if action == "*" or action.endswith(":*"):
                yield f"{action} on {statement['Resource']}"
            if "*" in statement["Resource"] and not action.split(":")[1].startswith(("Describe", "Get", "List")):
                yield f"{action} on everything"


#: Each by its name in docs/guarantees.md.
ON_AWS = {
    "data is protected on AWS": data_is_protected,
    "the database is safe on AWS": database_is_safe,
    "the database speaks TLS on AWS": database_speaks_tls,
    "security groups admit nodes alone on AWS": groups_admit_nodes_alone,
    "the API server is closed on AWS": api_is_private,
    "administrators are access entries on AWS": admins_are_entries,
    "nodes are closed on AWS": nodes_are_closed,
    "roles are narrow on AWS": roles_are_narrow,
    "images are immutable on AWS": images_are_immutable,
    "files are encrypted on AWS": files_are_encrypted,
    "buckets are closed on AWS": buckets_are_closed,
    "everything is tagged on AWS": everything_is_tagged,
    "the account is the expected one on AWS": the_account_is_the_expected_one,
}
AWS_PLANS = pytest.mark.guarantee(*ON_AWS)


def broken(plan: Plan) -> list[str]:
    """Every line that every invariant of AWS has to say of a plan."""
    return [f"{name}: {line}" for name, rule in ON_AWS.items() for line in rule(plan)]
