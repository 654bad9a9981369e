"""The shipped stacks as their owners would fill them, on the engine."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from infra import settings
from infra.preview import planning
from infra.preview.model import Plan
from infra.settings.owners import MARK
from tests.engine.engine import Checkout, Stack
from tests.engine.providers.server import Clouds


def begin(
    folder: Path,
    clouds: Clouds,
    name: str,
    stacks: str = ".",
    more: Mapping[str, Any] = MappingProxyType({}),
    content: str = "",
) -> Stack:
    """A stack of a new checkout: initialised, its placeholders filled, `more` put into its file, its secrets set.

    `content` is another file in place of the shipped one.
    """
    checkout = Checkout.make(folder, clouds)
    stack = Stack(checkout, name)
    text = content or (checkout.project / stacks / f"Pulumi.{name}.yaml").read_text()
    stack.file.write_text(text.replace(f"{MARK}: ", ""))
    put(stack, more)
    checkout.pulumi("stack", "init", name)
    set_missing_secrets(stack)
    return stack


def plan(stack: Stack) -> Plan:
    """Our own plan of the stack's file."""
    return planning.make(planning.Request(stack.name, stack.checkout.project)).plan


def set_missing_secrets(stack: Stack) -> Plan:
    """What the settings ask for and the file has not: made as `make secrets` does, and stand-ins for a person's own."""
    found = plan(stack)
    missing = [key.partition(":")[2] for key in found.missing_secrets]
    stack.set_secrets({key: _value(key, number) for number, key in enumerate(missing, 1)})
    return found


def _value(key: str, number: int) -> str:
    spec = settings.SECRETS[key.rpartition(".")[2]]
    return spec.generate() if spec.generate else spec.placeholder(number)


def put(stack: Stack, values: Mapping[str, Any]) -> None:
    """Set keys of the stack file by their paths (`releases[0].host`); None takes one away."""
    content = yaml.safe_load(stack.file.read_text())
    for path, value in values.items():
        first, *steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
        *above, last = (f"airflow:{first}", *steps)
        place = content["config"]
        for step in above:
            if isinstance(place, dict) and not isinstance(place.get(step), (dict, list)):
                # `monitoring: "off"` is short for its state
                place[step] = {} if step not in place else {"state": place[step]}
            place = place[step]
        if isinstance(place, list) and last == len(place):
            place.append(value)
        elif value is None:
            del place[last]
        else:
            place[last] = value
    stack.file.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
