"""The list of create-only properties: spelt as the SDKs spell them, and as complete as AWS's own schemas."""

import json
from pathlib import Path
from typing import Any

import cfnlint
import pulumi_aws
import pulumi_azure_native
import pulumi_kubernetes
import pytest
import yaml
from pulumi import _types

from infra.preview import create_only

SDKS = {"aws": pulumi_aws, "azure-native": pulumi_azure_native, "kubernetes": pulumi_kubernetes}
LIST: list[dict[str, Any]] = yaml.safe_load(Path(create_only.__file__).with_name("create_only.yaml").read_text())
CLOUDFORMATION = {
    "aws:ec2/eip:Eip": "AWS::EC2::EIP",
    "aws:ec2/natGateway:NatGateway": "AWS::EC2::NatGateway",
    "aws:ec2/routeTable:RouteTable": "AWS::EC2::RouteTable",
    "aws:ec2/securityGroup:SecurityGroup": "AWS::EC2::SecurityGroup",
    "aws:ec2/subnet:Subnet": "AWS::EC2::Subnet",
    "aws:ec2/vpc:Vpc": "AWS::EC2::VPC",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "AWS::EC2::VPCEndpoint",
    "aws:efs/accessPoint:AccessPoint": "AWS::EFS::AccessPoint",
    "aws:efs/fileSystem:FileSystem": "AWS::EFS::FileSystem",
    "aws:efs/mountTarget:MountTarget": "AWS::EFS::MountTarget",
    "aws:eks/accessEntry:AccessEntry": "AWS::EKS::AccessEntry",
    "aws:eks/addon:Addon": "AWS::EKS::Addon",
    "aws:eks/cluster:Cluster": "AWS::EKS::Cluster",
    "aws:eks/nodeGroup:NodeGroup": "AWS::EKS::Nodegroup",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "AWS::EKS::PodIdentityAssociation",
    "aws:rds/instance:Instance": "AWS::RDS::DBInstance",
    "aws:rds/parameterGroup:ParameterGroup": "AWS::RDS::DBParameterGroup",
    "aws:route53/zone:Zone": "AWS::Route53::HostedZone",
}
# The provider changes these in place where CloudFormation cannot.
IN_PLACE = {
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "dnsOptions"),
    ("aws:eks/addon:Addon", "namespaceConfig"),
    ("aws:rds/instance:Instance", "dbSubnetGroupName"),
}


def inputs(token: str) -> set[str]:
    """Input properties of a type, in the provider's spelling."""
    package, module, name = token.split(":")
    folder = SDKS[package]
    for part in module.split("/")[:1] if package == "aws" else module.replace(".k8s.io", "").split("/"):
        folder = getattr(folder, part.split(".")[0])
    return set(
        _types.input_type_py_to_pulumi_names(
            getattr(folder, f"{name}InitArgs", getattr(folder, f"{name}Args"))
        ).values()
    )


def exact() -> list[tuple[str, str]]:
    pairs = [(token, name) for entry in LIST for token in entry["types"] for name in entry["properties"]]
    return [(token, name) for token, name in pairs if "*" not in token and not token.startswith("pulumi:")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_listed_property_is_one_of_its_type():
    assert [pair for pair in exact() if pair[1].split(".")[0] not in inputs(pair[0])] == []


@pytest.mark.parametrize("token", CLOUDFORMATION)
def test_what_aws_calls_create_only_is_listed(token: str):
    schemas = Path(cfnlint.__file__).parent / "data" / "schemas"
    region = json.loads((schemas / "providers" / "us-east-1.json").read_text())
    schema = json.loads(next(schemas.glob(f"resources/{region[CLOUDFORMATION[token]]}*")).read_text())
    theirs = {path.split("/")[2] for path in schema["createOnlyProperties"]}
    names = {name[0].lower() + name[1:] for name in theirs} & inputs(token)
    listed = {name.split(".")[0] for name in create_only.rules(token).properties}
    assert {name for name in names - listed if (token, name) not in IN_PLACE} == set()


def test_every_entry_has_a_source_that_the_head_of_the_file_explains():
    assert {entry["source"] for entry in LIST} == {"kubernetes", "azure", "cfn", "terraform", "random, tls"}
