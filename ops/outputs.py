"""`outputs`: what a stack exports, for a person or for a program."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, cast

import typer

from infra.preview.planning import ROOT
from ops.stack import Stack, StackOption, StacksOption


def outputs(
    stack: StackOption,
    stacks: StacksOption = ROOT,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what the stack exports: the UI's address, the kubeconfig's command, the registry, …"""
    chosen = Stack(stack, stacks)
    found = chosen.outputs()
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    if not found:
        sys.stdout.write(f"{stack} exports nothing yet: `make deploy {chosen.given}`\n")
    for line in lines(found):
        sys.stdout.write(f"{line}\n")


def lines(value: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """`key: value` by line, what is nested indented below its key."""
    for key, item in sorted(value.items()):
        indent = "  " * depth
        if isinstance(item, Mapping) and item:
            yield f"{indent}{key}:"
            yield from lines(cast("Mapping[str, Any]", item), depth + 1)
        else:
            yield f"{indent}{key}: {item if isinstance(item, str) else json.dumps(item)}"
