"""`judge`: checkov's findings less those that are waived with a reason; anything else fails."""

import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from infra.preview import planning
from infra.preview.planning import ROOT
from ops.errors import OpsError
from ops.judge.checkov import Evaluation, Finding, evaluate
from ops.stack import StackOption, StacksOption

WAIVERS = Path(__file__).with_name("waivers.yaml")
WAIVERS_AZURE = Path(__file__).with_name("waivers_azure.yaml")


@dataclass(frozen=True)
class Waiver:
    """Why a rule does not hold for a resource (an address) of a stack; `*` stands for any name."""

    rule: str
    resource: str
    reason: str
    stack: str = "*"

    def covers(self, finding: Finding, stack: str) -> bool:
        """Whether this finding in the plan of `stack` is waived."""
        names = ((finding.resource, self.resource), (stack, self.stack))
        return finding.rule == self.rule and all(fnmatchcase(name, pattern) for name, pattern in names)


@dataclass(frozen=True)
class Verdict:
    """What is left to mend, and the figures that say how much was looked at."""

    passed: int
    waived: tuple[Finding, ...]
    broken: tuple[Finding, ...]
    overlooked: frozenset[str]

    @property
    def good(self) -> bool:
        """Whether nothing is left."""
        return not self.broken and not self.overlooked

    def lines(self) -> list[str]:
        """The verdict as text."""
        total = self.passed + len(self.waived) + len(self.broken)
        found = [f"{one.rule}  {one.resource}  {one.says}" for one in self.broken]
        missed = [f"not evaluated, though checkov has rules for it: {type_}" for type_ in sorted(self.overlooked)]
        figures = f"{total} evaluated, {self.passed} passed, {len(self.waived)} waived, {len(self.broken)} failed"
        return [*found, *missed, figures]


def waivers(file: Path = WAIVERS) -> tuple[Waiver, ...]:
    """The waivers; one without a rule, a resource or a reason is refused."""
    entries: list[dict[str, Any]] = yaml.safe_load(file.read_text())
    for entry in entries:
        given = {key for key, text in entry.items() if str(text).strip()}
        if given - {"stack"} != {"rule", "resource", "reason"}:
            raise OpsError(f"{file}: a waiver has a rule, a resource, a reason and perhaps a stack: {entry}")
    return tuple(Waiver(**entry) for entry in entries)


def judge_findings(found: Evaluation, allowed: tuple[Waiver, ...], stack: str) -> Verdict:
    """Sort what failed into what is waived and what is broken."""
    waived = tuple(one for one in found.failed if any(waiver.covers(one, stack) for waiver in allowed))
    broken = tuple(one for one in found.failed if one not in waived)
    return Verdict(len(found.passed), waived, broken, found.overlooked)


def judge(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    config: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Judge with this value.")] = None,
) -> None:
    """Let checkov judge the plan of a stack on AWS or Azure."""
    plan = planning.make(planning.Request(stack, stacks, config or ())).plan
    clouds = {one.package for one in plan} & {"aws", "azure-native"}
    if not clouds:
        raise OpsError(f"{stack} has nothing on AWS or Azure to judge")
    found = evaluate(plan)
    verdict = judge_findings(found, waivers(WAIVERS if "aws" in clouds else WAIVERS_AZURE), plan.stack)
    sys.stdout.write(f"checkov {found.version} on {plan.project}/{plan.stack}\n")
    sys.stdout.write("".join(f"{line}\n" for line in verdict.lines()))
    if not verdict.good:
        raise typer.Exit(1)
