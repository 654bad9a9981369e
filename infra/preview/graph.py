"""The plan as a Mermaid flowchart: one box per component, by layer, in the order in which they come about.

Drawn for reading on a code host: resources are counted by type, edges that others imply are left out.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.preview.model import PROVIDER_PREFIX, STACK_TYPE, Plan, Resource
from infra.preview.report import short_type

_LAYERS = ("cloud", "platform", "airflow")
_TYPES_SHOWN = 6
_ALIKE = 2  # components of one type beyond which they share a box: more of them side by side are too small to read


@dataclass
class _Box:
    """`outer` is the box of the component around it, if any."""

    layer: str
    title: str
    outer: str = ""
    types: Counter[str] = field(default_factory=Counter[str])
    after: set[str] = field(default_factory=set[str])


def mermaid(plan: Plan) -> str:
    """The text of a `.mmd` file."""
    boxes, homes = _boxes(plan)
    for resource in plan:
        home = homes.get(resource.urn)
        if home is not None:
            boxes[home].after |= {homes[urn] for urn in _awaited(plan, resource) if urn in homes} - {home}
    for box in boxes.values():
        # A component's own resources come before and after its parts; drawn is what comes after.
        box.after -= {key for key in box.after if key == box.outer and box.outer in boxes}
    ids = {key: f"n{number}" for number, key in enumerate(boxes)}
    text = ["flowchart TD"]
    for layer in _LAYERS:
        members = [key for key, box in boxes.items() if box.layer == layer]
        if members:
            text += [
                f'  subgraph {layer}["{layer}"]',
                *(f"    {ids[key]}[{_label(boxes[key])}]" for key in members),
                "  end",
            ]
    kept = _reduced({key: box.after for key, box in boxes.items()})
    text += [f"  {ids[before]} --> {ids[key]}" for key in boxes for before in sorted(kept[key], key=lambda k: ids[k])]
    return "\n".join(text) + "\n"


def _boxes(plan: Plan) -> tuple[dict[str, _Box], dict[str, str]]:
    """Boxes by key, and each resource's box: its component right below the Stack, or below that one."""
    boxes: dict[str, _Box] = {}
    homes: dict[str, str] = {}
    tops = Counter(resource.type for resource in plan if not resource.custom and _depth(plan, resource) == 1)
    for resource in plan:
        if resource.type == STACK_TYPE or resource.type.startswith(PROVIDER_PREFIX):
            continue
        line = _components(plan, resource)
        top = line[0] if line else None
        layer, outer = _layer(top), ""
        if top is not None and tops[top.type] > _ALIKE:
            key, title = top.type, f"{_kind(top)} ×{tops[top.type]}"
        elif top is not None:
            owner = line[min(1, len(line) - 1)]
            key, title = owner.urn, f"{_kind(owner)} {owner.name}"
            outer = top.urn if owner is not top else ""
        else:
            group = ":".join(short_type(resource.type).split(":")[:2])
            key, title = group, group
        boxes.setdefault(key, _Box(layer, title, outer))
        homes[resource.urn] = key
        if resource.custom:
            boxes[key].types[short_type(resource.type).rpartition(":")[2]] += 1
    return boxes, homes


def _awaited(plan: Plan, resource: Resource) -> set[str]:
    """What a resource waits for, through its provider too: that is how an object waits for its cluster."""
    provider = plan.by_urn.get(resource.provider or "")
    return {*resource.depends_on, *(provider.depends_on if provider is not None else ())}


def _components(plan: Plan, resource: Resource) -> list[Resource]:
    """The components around a resource, itself included, outermost first."""
    line: list[Resource] = []
    current: Resource | None = resource
    while current is not None and current.type != STACK_TYPE:
        if not current.custom:
            line.append(current)
        current = plan.by_urn.get(current.parent or "")
    return line[::-1]


def _depth(plan: Plan, resource: Resource) -> int:
    return len(_components(plan, resource))


def _layer(top: Resource | None) -> str:
    module = top.type.split(":")[1] if top is not None else "cloud"
    return module if module in _LAYERS else "cloud"


def _kind(component: Resource) -> str:
    return component.type.rpartition(":")[2]


def _label(box: _Box) -> str:
    kinds = [f"{kind} ×{count}" if count > 1 else kind for kind, count in sorted(box.types.items())]
    more = [f"… and {len(kinds) - _TYPES_SHOWN} more"] if len(kinds) > _TYPES_SHOWN else []
    text = "<br/>".join([f"<b>{box.title}</b>", *kinds[:_TYPES_SHOWN], *more])
    return '"' + text.replace('"', "#quot;") + '"'


def _reduced(after: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Without the edges that a longer way implies. Boxes that wait for each other keep theirs."""
    reach = {key: _reach(after, key) for key in after}
    return {
        key: {b for b in before if not any(b in reach[o] and key not in reach[o] for o in before if o != b)}
        for key, before in after.items()
    }


def _reach(after: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for other in after[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return seen
