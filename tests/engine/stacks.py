"""The shipped stacks as their owners would fill them, on the engine."""

import itertools
import shutil
from pathlib import Path
from typing import Any

import yaml

from infra import settings
from infra.preview import planning
from infra.settings.owners import MARK
from tests.engine.engine import Checkout, Stack
from tests.engine.providers.server import Clouds

CONFIG = dict[str, Any]


def begin(folder: Path, clouds: Clouds, name: str, stacks: str = ".") -> Stack:
    """A stack of a new checkout: initialised, its placeholders filled, its secrets set."""
    return add(Checkout.make(folder, clouds), name, stacks)


def add(checkout: Checkout, name: str, stacks: str = ".") -> Stack:
    """Another stack of the same checkout, and so of the same account."""
    stack = Stack(checkout, name)
    if stacks != ".":
        shutil.copy(checkout.project / stacks / f"Pulumi.{name}.yaml", stack.file)
    stack.file.write_text(stack.file.read_text().replace(f"{MARK}: ", ""))
    checkout.pulumi("stack", "init", name)
    set_missing_secrets(stack)
    return stack


def set_missing_secrets(stack: Stack) -> dict[str, str]:
    """What the settings ask for and the file has not: made as `make secrets` does, and stand-ins for a person's own."""
    plan = planning.make(planning.Request(stack.name, stack.checkout.project)).plan
    numbers = itertools.count(1)
    missing = [key.partition(":")[2] for key in plan.missing_secrets]
    values = {key: _value(key, next(numbers)) for key in missing}
    if values:
        stack.set_secrets(values)
    return values


def _value(key: str, number: int) -> str:
    spec = settings.SECRETS[key.rpartition(".")[2]]
    return spec.generate() if spec.generate else spec.placeholder(number)


def edit(stack: Stack, **values: Any) -> None:
    """Set keys of the stack file (`size="large"`); None takes one away."""
    content = yaml.safe_load(stack.file.read_text())
    for key, value in values.items():
        content["config"][f"airflow:{key}"] = value
        if value is None:
            del content["config"][f"airflow:{key}"]
    stack.file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
