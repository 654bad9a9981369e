"""The AWS plan in Terraform's words, and checkov's verdict on it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError
from ops.judge import checkov, terraform, verdict
from ops.judge.checkov import Evaluation, Finding
from tests.program.aws_plans import STACKS, aws
from tests.program.conftest import PlanOf
from tests.program.reading import one, tampered

needs_checkov = pytest.mark.skipif(not checkov.CHECKOV.exists(), reason="make judge installs checkov")


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("aws:ec2/natGateway:NatGateway", "aws_nat_gateway"),
        ("aws:rds/instance:Instance", "aws_db_instance"),
        ("aws:rds/cluster:Cluster", "aws_rds_cluster"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"),
        ("aws:s3/bucket:Bucket", "aws_s3_bucket"),
        ("aws:eks/nodeGroup:NodeGroup", "aws_eks_node_group"),
    ],
)
def test_types_are_terraforms(token: str, name: str) -> None:
    known = {"aws_nat_gateway", "aws_db_instance", "aws_rds_cluster", "aws_s3_bucket"}
    assert terraform.terraform_type(token, known) == name


def test_the_plan_is_terraforms(plan: PlanOf) -> None:
    made = aws(plan, "production")
    document = terraform.convert(made, set())
    resources = {each["address"]: each for each in document["planned_values"]["root_module"]["resources"]}
    assert len(resources) == len(document["resource_changes"])
    assert len(resources) == len([each for each in made if each.type.startswith("aws:")])
    instance: Mapping[str, Any] = resources["aws_db_instance.database"]["values"]
    assert instance["storage_encrypted"] is True
    assert instance["password"] == "(secret)"
    assert instance["tags"]["managed-by"] == "pulumi"
    cluster: Mapping[str, Any] = resources["aws_eks_cluster.cluster"]["values"]
    assert cluster["vpc_config"][0]["endpoint_private_access"] is True
    assert cluster["encryption_config"][0]["provider"] == [{}]
    change = next(each for each in document["resource_changes"] if each["address"] == "aws_eks_cluster.cluster")
    assert change["change"]["after_unknown"]["encryption_config"] == [{"provider": [{"key_arn": True}]}]
    encrypted = resources["aws_ecr_repository.airflow"]["values"]
    assert encrypted["encryption_configuration"] == [{"encryption_type": "KMS"}]
    expressions = {
        each["address"]: each["expressions"] for each in document["configuration"]["root_module"]["resources"]
    }
    assert "aws_vpc.vpc" in expressions["aws_subnet.private-a"]["vpc_id"]["references"]


FOUND = Evaluation("0", (Finding("R1", "a.b", ""),), (Finding("R2", "a.b", "bad"),), frozenset())


def test_what_is_neither_passed_nor_waived_fails() -> None:
    waiver = verdict.Waiver("R2", "a.*", "why")
    assert verdict.judge_findings(FOUND, (waiver,), "production").good
    assert not verdict.judge_findings(FOUND, (), "production").good
    assert not verdict.judge_findings(FOUND, (replace(waiver, stack="integration"),), "production").good
    assert not verdict.judge_findings(FOUND, (replace(waiver, resource="b.*"),), "production").good
    missed = verdict.judge_findings(replace(FOUND, overlooked=frozenset({"aws_x"})), (waiver,), "production")
    assert not missed.good
    assert "aws_x" in missed.lines()[0]
    assert verdict.judge_findings(FOUND, (waiver,), "x").lines() == ["2 evaluated, 1 passed, 1 waived, 0 failed"]


@pytest.mark.parametrize(
    "entry", ["{rule: R, resource: a.b}", "{rule: R, resource: a.b, reason: ' '}", "{rule: R, why: x}"]
)
def test_a_waiver_has_a_reason(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(f"- {entry}\n")
    with pytest.raises(OpsError, match="reason"):
        verdict.waivers(file)


@needs_checkov
def test_checkov_passes_the_shipped_stacks(plan: PlanOf) -> None:
    used: set[verdict.Waiver] = set()
    for stack in STACKS:
        found = checkov.evaluate(aws(plan, stack))
        judged = verdict.judge_findings(found, verdict.waivers(), stack)
        assert judged.good, judged.lines()
        assert judged.passed > 200
        used |= {waiver for waiver in verdict.waivers() for each in judged.waived if waiver.covers(each, stack)}
    assert used == set(verdict.waivers()), "a waiver that nothing needs any more"


@needs_checkov
def test_checkov_notices_a_public_database(plan: PlanOf) -> None:
    made = aws(plan, "production")
    worse = tampered(made, one(made, "aws:rds/instance:Instance"), "publiclyAccessible", True)
    judged = verdict.judge_findings(checkov.evaluate(worse), verdict.waivers(), "production")
    assert [each.resource for each in judged.broken] == ["aws_db_instance.database"]


def test_without_checkov_the_cure_is_said(plan: PlanOf, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="make judge"):
        checkov.evaluate(aws(plan, "production"), tmp_path / "checkov")
