"""The plan as text: a tree by component like `pulumi preview`'s, then what a person decides on."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from infra.preview import wire
from infra.preview.model import PROVIDER_PREFIX, STACK_TYPE, Plan, Resource
from infra.preview.schedule import Schedule

_SHOWN = 100  # characters of a value
_WIDTH = 110  # characters of a sentence on one line


class Line(NamedTuple):
    """One line of the report and the style (rich's) that a terminal shows it in."""

    text: str
    style: str = ""


def lines(plan: Plan, commands: tuple[str, ...] = (), verb: str = "make secrets") -> Iterator[Line]:
    """The whole report. `commands` set the missing secrets, one each; `verb` makes all that nobody has to bring."""
    yield Line(f"Plan of the first `pulumi up` of {plan.project}/{plan.stack}, made without an account", "bold")
    yield Line("")
    yield from _tree(plan)
    yield from _counts(plan)
    protected = [resource for resource in plan if resource.options.protect]
    title = "Protected: neither `pulumi up` nor `destroy` deletes these"
    yield from _section(title, [_label(item) for item in protected])
    yield from _section("Exports", ["\n".join(_export(name, value)) for name, value in sorted(plan.outputs.items())])
    yield from _section("Warnings", [textwrap.fill(text, _WIDTH) for text in plan.warnings], "yellow")
    yield from _section(
        "Placeholders that only you can replace (in the stack file; `pulumi up` refuses them)",
        list(plan.placeholders),
        "yellow",
    )
    title = f"Secrets still to be set (`{verb}` makes those that nobody has to bring)"
    yield from _section(title, list(commands), "yellow")


def _section(title: str, items: list[str], style: str = "") -> Iterator[Line]:
    if items:
        yield Line("")
        yield Line(f"{title} ({len(items)}):", f"bold {style}".strip())
        for item in items:
            yield Line("    " + item.replace("\n", "\n    "))


def _tree(plan: Plan) -> Iterator[Line]:
    rows = list(_rows(plan, None, "", root=True))
    wide = max((len(left) for left, _ in rows), default=0)
    long = max((len(resource.name) for _, resource in rows), default=0)
    for left, resource in rows:
        info = "protected" if resource.options.protect else ""
        style = "cyan" if not resource.custom else "green"
        yield Line(f" + {left:<{wide}}  {resource.name:<{long}}  {info}".rstrip(), style)


def _rows(plan: Plan, parent: str | None, indent: str, *, root: bool = False) -> Iterator[tuple[str, Resource]]:
    children = sorted(plan.children(parent), key=lambda child: (child.custom, child.type, child.name))
    for index, child in enumerate(children):
        last = index == len(children) - 1
        branch = "" if root else "└─ " if last else "├─ "
        yield f"{indent}{branch}{short_type(child.type)}", child
        yield from _rows(plan, child.urn, indent + ("" if root else "   " if last else "│  "))


def short_type(token: str) -> str:
    """A type as the CLI shows it: `aws:ec2/vpc:Vpc` → `aws:ec2:Vpc`; Kubernetes' groups and versions stay."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    group, slash, tail = module.partition("/")
    return f"{package}:{group}:{name}" if slash and tail.lower() == name.lower() else token


def _label(resource: Resource) -> str:
    return f"{short_type(resource.type)}  {resource.name}"


def _counts(plan: Plan) -> Iterator[Line]:
    counts = counted(plan)
    providers = ", ".join(f"{package} {count}" for package, count in sorted(counts.items()) if package)
    components = sum(not resource.custom and resource.type != STACK_TYPE for resource in plan)
    configured = sum(resource.type.startswith(PROVIDER_PREFIX) for resource in plan)
    yield Line("")
    total = f"{sum(counts.values())} resources to create" + (f": {providers}" if providers else "")
    yield Line(f"{total}; in {components} components, by {configured} providers", "bold")


def counted(plan: Plan) -> Counter[str]:
    """Package → number of resources that a provider of it creates."""
    made = (item for item in plan if item.custom and not item.type.startswith(PROVIDER_PREFIX))
    return Counter(resource.package for resource in made)


def _export(name: str, value: Any) -> Iterator[str]:
    """An export in full, to be copied; an object with a line for each of its keys."""
    if wire.is_secret(value) or wire.is_unknown(value) or not isinstance(value, Mapping):
        yield f"{name}: {_text(value)}"
        return
    yield f"{name}:"
    for key, item in sorted(cast(Mapping[str, Any], value).items()):
        for line in _export(key, item):
            yield f"    {line}"


def shown(value: Any, other: Any = None) -> str:
    """A value on one short line; a long one from shortly before where it parts from the `other`."""
    text, rest = (_text(one).replace("\n", "⏎") for one in (value, other))
    if len(text) <= _SHOWN:
        return text
    same = next((index for index, (one, two) in enumerate(zip(text, rest, strict=False)) if one != two), len(rest))
    start = max(0, min(same, len(text) - _SHOWN // 2) - _SHOWN // 4)
    end = start + _SHOWN - 2
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _text(value: Any) -> str:
    """A value for people: secrets and unknowns in brackets, text as it is, the rest as JSON."""
    if wire.is_secret(value):
        return "[secret]"
    if wire.is_unknown(value):
        return "[known after up]"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text.replace('{"$unknown": true}', "[known after up]").replace('{"$secret": true}', "[secret]")


def critical_path(result: Schedule) -> Iterator[Line]:
    """The longest chain of creations, one line each, and the totals."""
    yield Line("Longest chain of creations, with typical times:", "bold")
    wide = max((len(short_type(step.resource.type)) for step in result.chain), default=0)
    for step in result.chain:
        token = short_type(step.resource.type)
        yield Line(f"    {clock(step.start)}  + {clock(step.seconds)}  {token:<{wide}}  {step.resource.name}")
    yield Line("")
    yield Line(f"The whole `up`: {clock(result.unlimited).strip()} with unlimited parallelism", "bold")
    yield Line(f"                {clock(result.eightfold).strip()} with 8 at a time", "bold")


def clock(seconds: float) -> str:
    """Minutes and seconds, `12:05`, right-aligned."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:>3}:{rest:02}"
