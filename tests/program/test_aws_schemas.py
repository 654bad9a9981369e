"""Our inputs against AWS's own schemas, and the page's figures against the tables."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from infra.preview.model import Plan
from infra.preview.planning import ROOT
from infra.settings import Size, aws_facts
from infra.settings.figures import Figures
from infra.settings.sizes import TABLE
from tests.program.aws_plans import SHARES, STACKS, aws
from tests.program.aws_schemas import of_aws, schema
from tests.program.conftest import PlanOf
from tests.program.reading import one, tampered
from tests.program.stacks import SECRET, UNKNOWN

#: Required in CloudFormation under a name, or in a form, that Terraform has not.
ELSEWHERE = {
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData"),
    ("AWS::EC2::FlowLog", "ResourceId"),
    ("AWS::EC2::FlowLog", "ResourceType"),
    ("AWS::EFS::AccessPoint", "FileSystemId"),
    ("AWS::EKS::Cluster", "ResourcesVpcConfig"),
    ("AWS::EKS::Nodegroup", "NodeRole"),
    ("AWS::EKS::Nodegroup", "Subnets"),
    ("AWS::IAM::Role", "AssumeRolePolicyDocument"),
    ("AWS::IAM::RolePolicy", "PolicyName"),
    ("AWS::IAM::RolePolicy", "RoleName"),
    ("AWS::KMS::Alias", "AliasName"),
    ("AWS::RDS::DBParameterGroup", "Description"),
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupDescription"),
    ("AWS::S3::BucketPolicy", "PolicyDocument"),
    ("AWS::EC2::SecurityGroup", "GroupDescription"),
}
#: Text in Terraform, an object in CloudFormation; or a list of another shape.
OTHER_FORM = {"policy", "parameters", "tags", "rules", "filter", "encryptionConfigurations"}


def wrong(plan: Plan) -> Iterator[str]:
    for resource, name in of_aws(plan):
        definition = schema(name)
        given = {key: value for key, value in resource.inputs.items() if key not in OTHER_FORM}
        for required in definition.get("required", ()):
            if (name, required) not in ELSEWHERE and _camel(required) not in resource.inputs:
                yield f"{resource.urn}: {required} is required"
        for key, value in given.items():
            property_ = definition["properties"].get(_pascal(key, definition))
            if property_ is not None and value not in (SECRET, UNKNOWN) and not isinstance(value, dict):
                yield from _faults(f"{resource.urn}: {key}", value, property_, definition)


def _faults(where: str, value: Any, property_: dict[str, Any], definition: Any) -> Iterator[str]:
    rules = {**property_, "definitions": definition.get("definitions", {})}
    values = value if isinstance(value, list) else [value]
    if any(item == UNKNOWN or isinstance(item, dict) for item in values):
        return
    # CloudFormation takes numbers and booleans as text; a pattern that Python's `re` has not is not ours to judge.
    text = str(value).lower() if isinstance(value, bool) else str(value)
    candidates = [value, *([text] if not isinstance(value, list) else [])]
    errors = [list(jsonschema.Draft7Validator(rules).iter_errors(candidate)) for candidate in candidates]
    if all(errors):
        yield f"{where} = {value!r}: {errors[0][0].message}"


def _camel(name: str) -> str:
    return re.sub(r"^[A-Z]+(?=[A-Z][a-z])|^[A-Z]", lambda match: match[0].lower(), name)


def _pascal(name: str, definition: Any) -> str:
    """The schema's spelling of a property, whatever its capitals."""
    return {key.lower(): key for key in definition["properties"]}.get(name.lower(), "")


@pytest.mark.parametrize("stack", STACKS)
def test_inputs_are_what_aws_takes(plan: PlanOf, stack: str) -> None:
    made = aws(plan, stack, *SHARES)
    assert len({name for _, name in of_aws(made)}) > 25
    assert list(wrong(made)) == []


@pytest.mark.parametrize(
    ("type_", "path", "bad"),
    [
        ("aws:ecr/repository:Repository", "imageTagMutability", "SOMETIMES"),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 91),
        ("aws:ec2/flowLog:FlowLog", "trafficType", "SOME"),
        ("aws:eks/cluster:Cluster", "name", "-airflow"),
        ("aws:eks/addon:Addon", "clusterName", None),
        ("aws:eks/podIdentityAssociation:PodIdentityAssociation", "serviceAccount", None),
    ],
)
def test_the_schemas_notice(plan: PlanOf, type_: str, path: str, bad: Any) -> None:
    made = aws(plan, "production")
    resource = made.of_type(type_)[0]
    assert list(wrong(tampered(made, one(made, type_, resource.name), path, bad)))


def test_the_docs_numbers_of_vcpus_are_the_tables() -> None:
    types, text = aws_facts.instance_types(), (ROOT / "docs" / "aws.md").read_text()
    for size in (Size.medium, Size.large):
        pools = Figures.model_validate(TABLE[size]).aws
        cpus = sum(pool.max * types[pool.instance_type].cpus for pool in (pools.system, pools.tasks))
        assert f"{cpus} in `{size}`" in text


def test_the_docs_costs_are_the_sums_of_their_rates() -> None:
    text = (ROOT / "docs" / "aws.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")
    ]
    counted = [row for row in rows if len(row) == 5 and "/" in row[1]]
    assert len(counted) == 13
    for column, size in enumerate(Size, start=2):
        figures = Figures.model_validate(TABLE[size])
        pools, rates = figures.aws, {row[0].split(",")[0]: row for row in counted}
        total = sum(
            float(row[1].split(" / ")[0]) * (730 if "hour" in row[1] else 1) * float(row[column] or 0)
            for row in counted
        )
        assert abs(total - pools.price.usd) < 1, (size, total)
        assert f"**{pools.price.usd:.0f}**" in text
        nodes = pools.system.desired + pools.tasks.desired
        disks = pools.system.desired * pools.system.disk_gib + pools.tasks.desired * pools.tasks.disk_gib
        disks += figures.prometheus.replicas * figures.prometheus_storage_gib
        assert rates[pools.system.instance_type][column] == str(nodes)
        assert rates[pools.database_class][column] == "1"
        assert rates["disks of nodes and Prometheus"][column] == str(disks)
        assert rates["database storage"][column] == str(figures.database.storage_gib)
