"""Walks the JSON schema of the settings: groups, their keys, and what each takes, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.settings.base import INT32

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Node:
    """A group of settings: its path in the stack file, its schema, and the kinds that were chosen on the way to it."""

    path: str
    schema: Schema
    root: Schema | None = None
    kinds: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The path, with the kinds that lead to it: `cloud.cluster (kind aws)`."""
        return f"`{self.path}`" + (f" of kind {', '.join(self.kinds)}" if self.kinds else "")

    @property
    def anchor(self) -> str:
        """What a code host makes of the title."""
        plain = "".join(letter for letter in self.title.lower() if letter.isalnum() or letter in " -_")
        return plain.replace(" ", "-")

    def child(self, key: str) -> str:
        """The path of a key of this group."""
        return f"{self.path}.{key}" if self.path else key

    def groups(self, key: str, prop: Schema) -> Iterator["Node"]:
        """The groups that a property may hold: one, or one for each kind."""
        many = prop.get("type") == "array"
        for schema in self._choices(prop["items"] if many else prop):
            if "properties" in schema:
                kind = schema["properties"].get("kind", {}).get("const")
                kinds = (*self.kinds, kind) if kind else self.kinds
                yield Node(self.child(key) + ("[]" if many else ""), schema, self._root, kinds)

    def below(self) -> list["Node"]:
        """Every group below this one, one level deep."""
        return [group for key, prop, _ in properties(self) for group in self.groups(key, prop)]

    def is_group(self, prop: Schema) -> bool:
        """Whether a property holds a group, which has defaults of its own."""
        return any(True for _ in self.groups("", prop))

    def resolved(self, schema: Schema) -> Schema:
        """A schema with its reference followed; what stands beside the reference is kept."""
        if "$ref" not in schema:
            return schema
        return {**self._root["$defs"][schema["$ref"].rpartition("/")[2]], **schema}

    @property
    def _root(self) -> Schema:
        return self.schema if self.root is None else self.root

    def _choices(self, schema: Schema) -> list[Schema]:
        choices = schema.get("anyOf") or schema.get("oneOf") or [schema]
        return [self.resolved(choice) for choice in choices if choice != {"type": "null"}]


def properties(node: Node) -> Iterator[tuple[str, Schema, bool]]:
    """Key, schema and whether it is required, of each property of a group."""
    required = node.schema.get("required", ())
    for key, prop in node.schema["properties"].items():
        yield key, prop, key in required


def type_text(node: Node, key: str, prop: Schema) -> str:
    """What a property takes, in words, with links to the groups."""
    groups = list(node.groups(key, prop))
    if groups:
        links = " or ".join(
            f"[{group.kinds[-1] if len(groups) > 1 else 'object'}](#{group.anchor})" for group in groups
        )
        return f"list of {links}" if prop.get("type") == "array" else links
    return " or ".join(_scalar(node, node.resolved(choice)) for choice in _without_null(prop))


def _without_null(prop: Schema) -> list[Schema]:
    return [choice for choice in prop.get("anyOf", [prop]) if choice != {"type": "null"}]


def _scalar(node: Node, schema: Schema) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    match schema.get("type"):
        case "array":
            return f"list of {_scalar(node, node.resolved(schema.get('items', {})))}"
        case "object":
            inner: Schema | bool = schema.get("additionalProperties", True)
            return "mapping" if isinstance(inner, bool) else f"mapping to {_scalar(node, node.resolved(inner))}"
        case "integer" | "number":
            return "number" + _bounds(schema)
        case "boolean":
            return "`true` or `false`"
        case "string":
            return "text"
        case _:
            return "anything"


def _bounds(schema: Schema) -> str:
    least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    if least is not None and most not in (None, INT32):
        return f" from {least} to {most}"
    return f", {least} or more" if least is not None else ""
