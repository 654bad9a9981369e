"""What providers cannot change in place: facts of the simulated ones, AWS's schemas and the program's list agree."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview import create_only
from tests.engine.providers import facts
from tests.engine.providers.aws import KINDS
from tests.engine.providers.azure import PATHS
from tests.program import aws_schemas
from tests.unit.test_create_only import inputs

TYPES: dict[str, list[str]] = {
    token: properties
    for package in ("aws", "azure-native", "kubernetes")
    for token, properties in yaml.safe_load(Path(facts.FOLDER, f"{package}.yaml").read_text())["types"].items()
    if token != "*"
}
AWS = [token for token in TYPES if token.startswith("aws:")]
_RULE = {"cidrIpv4", "cidrIpv6", "fromPort", "ipProtocol", "toPort"}
#: The provider changes these in place where CloudFormation cannot.
IN_PLACE = {
    "aws:ec2/routeTableAssociation:RouteTableAssociation": {"routeTableId"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"dnsOptions"},
    "aws:eks/addon:Addon": {"namespaceConfig"},
    "aws:rds/instance:Instance": {"dbSubnetGroupName"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _RULE,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULE,
}


def test_there_are_facts_on_each_simulated_type() -> None:
    known = {*(f"aws:{kind}" for kind in KINDS), *(f"azure-native:{kind}" for kind in PATHS)}
    assert known == {token for token in TYPES if not token.startswith("kubernetes:")}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("token", [token for token in TYPES if not token.startswith("kubernetes:")])
def test_each_fact_is_about_a_property(token: str) -> None:
    assert {one.split(".")[0] for one in TYPES[token]} - inputs(token) == set()


@pytest.mark.parametrize("token", [token for token in AWS if aws_schemas.type_of(token)])
def test_facts_are_those_of_aws_own_schemas(token: str) -> None:
    schema: Any = aws_schemas.schema(aws_schemas.type_of(token) or "")
    theirs = {path.split("/")[2] for path in schema.get("createOnlyProperties", ())}
    shared = {name[0].lower() + name[1:] for name in theirs} & inputs(token)
    assert shared - {one.split(".")[0] for one in TYPES[token]} - IN_PLACE.get(token, set()) == set()


@pytest.mark.parametrize("token", TYPES)
def test_the_program_knows_all_that_is_replaced(token: str) -> None:
    listed = create_only.rules(token)
    fixed = facts.properties(token.split(":")[0], token)
    assert {one for one in fixed if not listed.replaces(one)} == set()


@pytest.mark.parametrize("token", TYPES)
def test_the_program_takes_nothing_for_replaced_that_is_changed_in_place(token: str) -> None:
    package = token.split(":")[0]
    path = PATHS.get(token.removeprefix("azure-native:"), "")
    listed = create_only.rules(token).properties
    assert {one for one in listed if f"{{{one}}}" not in path and not facts.replaces(package, token, one)} - _paths(
        package
    ) == set()


def _paths(package: str) -> set[str]:
    """Names of the list's entry for all of Azure: most stand in no path of this type."""
    (of_all,) = [entry["properties"] for entry in _list() if entry["types"] == ["azure-native:*:*"]]
    return set(of_all) if package == "azure-native" else set()


def _list() -> list[dict[str, Any]]:
    return yaml.safe_load(Path(create_only.__file__).with_name("create_only.yaml").read_text())
