"""checkov, run on a plan: which types it knows, and what it says of each resource.

It reads Terraform's plans for AWS and ARM templates for Azure; `Language` is how a plan is put to it.
"""

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.preview.model import Plan
from infra.preview.planning import ROOT
from ops.errors import OpsError
from ops.judge import arm, terraform

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"
_ROW = r"^\|\s*\d+ \| (?P<rule>CKV2?_{cloud}_\d+)\s+\| resource\s+\| (?P<type>{type})\s+\|"


@dataclass(frozen=True)
class Language:
    """What checkov calls its rules (`listed`) and the file that it judges by them, and how a plan becomes that file."""

    listed: str
    framework: str
    row: re.Pattern[str]
    convert: Callable[[Plan, AbstractSet[str]], dict[str, Any]]
    resources: str


TERRAFORM = Language(
    "terraform",
    "terraform_plan",
    re.compile(_ROW.format(cloud="AWS", type=r"aws_\w+"), re.MULTILINE),
    terraform.convert,
    "resource_changes",
)
ARM = Language(
    "arm",
    "arm",
    re.compile(_ROW.format(cloud="AZURE", type=r"Microsoft\.[\w./]+"), re.MULTILINE),
    lambda plan, _known: arm.convert(plan),
    "resources",
)


@dataclass(frozen=True)
class Finding:
    """What one rule says of one resource (`aws_db_instance.database`)."""

    rule: str
    resource: str
    says: str


@dataclass(frozen=True)
class Evaluation:
    """What checkov found in a plan; `overlooked` are types that it has rules for and that it passed over."""

    version: str
    passed: tuple[Finding, ...]
    failed: tuple[Finding, ...]
    overlooked: frozenset[str]


def evaluate(plan: Plan, checkov: Path = CHECKOV) -> Evaluation:
    """Judge the plan's resources on its cloud. Raises OpsError where checkov is not there or stumbles over the plan."""
    if not checkov.exists():
        raise OpsError(f"{checkov} is not there: `make judge` installs it from requirements/checkov.txt")
    language = ARM if any(one.package == "azure-native" for one in plan) else TERRAFORM
    rules = _rules(checkov, language)
    document = language.convert(plan, rules.keys())
    report = _report(checkov, language, document)
    if not report.get("results") or report["summary"]["parsing_errors"]:
        raise OpsError(f"checkov could not read the plan: {report.get('summary', report)}")
    passed, failed = (tuple(map(_finding, report["results"][f"{key}_checks"])) for key in ("passed", "failed"))
    types = {one["type"] for one in document[language.resources]}
    seen = {_type(finding.resource) for finding in (*passed, *failed)}
    asked = {finding.rule for finding in (*passed, *failed)}
    # Rules over a graph (CKV2) are listed for every type there is; and some of the others speak of a neighbour, as
    # those of a bucket's encryption do of the bucket.
    own = {type_: {rule for rule in rules.get(type_, ()) if rule.startswith("CKV_")} for type_ in types - seen}
    overlooked = frozenset(type_ for type_, ids in own.items() if ids and not ids & asked)
    return Evaluation(report["summary"]["checkov_version"], passed, failed, overlooked)


def _rules(checkov: Path, language: Language) -> dict[str, set[str]]:
    """Type → the rules that checkov lists for it."""
    found: dict[str, set[str]] = {}
    for row in language.row.finditer(_run(checkov, "--list", "--framework", language.listed, "--skip-download")):
        found.setdefault(row["type"], set()).add(row["rule"])
    return found


def _report(checkov: Path, language: Language, document: Mapping[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "plan.json")
        file.write_text(json.dumps(document))
        options = ("--framework", language.framework, "--output", "json", "--compact", "--skip-download")
        return json.loads(_run(checkov, "--file", str(file), *options))


def _run(checkov: Path, *arguments: str) -> str:
    done = subprocess.run([checkov, *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not done.stdout:  # 1: rules failed
        raise OpsError(f"checkov ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _type(address: str) -> str:
    """`aws_s3_bucket.logs` → `aws_s3_bucket`; `Microsoft.Network/virtualNetworks.x` → what stands before the name."""
    provider, slash, rest = address.rpartition("/")
    return f"{provider}{slash}{rest.partition('.')[0]}"


def _finding(check: Mapping[str, Any]) -> Finding:
    return Finding(check["check_id"], check["resource"], check["check_name"])
