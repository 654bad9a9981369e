"""AWS's own schemas of resource types, as cfn-lint carries them, and which of them is which of our types."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from infra.preview.model import Plan, Resource

#: Where CloudFormation has another word than Terraform.
RENAMED = {
    "cloudwatch/logGroup": "AWS::Logs::LogGroup",
    "rds/instance": "AWS::RDS::DBInstance",
    "rds/parameterGroup": "AWS::RDS::DBParameterGroup",
    "rds/subnetGroup": "AWS::RDS::DBSubnetGroup",
    "route53/record": "AWS::Route53::RecordSet",
    "route53/zone": "AWS::Route53::HostedZone",
    "vpc/securityGroupIngressRule": "AWS::EC2::SecurityGroupIngress",
}
_SCHEMAS = resources.files("cfnlint") / "data" / "schemas"


@cache
def _index() -> dict[str, str]:
    return json.loads((_SCHEMAS / "providers" / "eu-west-1.json").read_text())


@cache
def schema(type_name: str) -> Mapping[str, Any]:
    return json.loads((_SCHEMAS / "resources" / f"{_index()[type_name]}.json").read_text())


def type_of(token: str) -> str | None:
    """`aws:eks/cluster:Cluster` → `AWS::EKS::Cluster`; None where CloudFormation has no such type."""
    kind = token.split(":")[1]
    if kind in RENAMED:
        return RENAMED[kind]
    folded = "aws::" + kind.replace("/", "::").lower()
    return {name.lower(): name for name in _index()}.get(folded)


def of_aws(plan: Plan) -> Iterator[tuple[Resource, str]]:
    """Resources of the plan whose type has a schema, with its name."""
    for resource in plan:
        if resource.type.startswith("aws:") and (name := type_of(resource.type)):
            yield resource, name


def permissions(type_name: str) -> frozenset[str]:
    """What CloudFormation's own handlers need to create, read, update and delete one."""
    handlers = schema(type_name).get("handlers", {}).values()
    return frozenset(action for handler in handlers for action in handler.get("permissions", ()))
