"""The plan as typed values, and as the one JSON object of `--json`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


_CAMEL = ConfigDict(alias_generator=to_camel)


@cache
def _json(of: type) -> TypeAdapter[Any]:
    """Writes and reads the JSON of a type below: its fields in their order, in camel case."""
    return TypeAdapter(of)


@dataclass(frozen=True)
class Options:
    """A resource's options as the engine receives them.

    `delete_before_replace` is None where the provider decides. `aliases` holds URNs, or objects in the engine's
    spelling (`name`, `type`, `parentUrn`, …). `hooks` maps a moment (`onError`, `afterCreate`, …) to hooks' names.
    `replace_on_changes` is not part of the JSON.
    """

    __pydantic_config__ = _CAMEL

    protect: bool = False
    delete_before_replace: bool | None = None
    retain_on_delete: bool = False
    deleted_with: str | None = None
    custom_timeouts: Mapping[str, str] = field(default_factory=dict[str, str])
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: Annotated[tuple[str, ...], Field(exclude=True)] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str | Mapping[str, Any], ...] = ()
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def as_json(self) -> dict[str, Any]:
        """The `options` object of `--json`."""
        return _json(Options).dump_python(self, mode="json", by_alias=True)


@dataclass(frozen=True)
class Resource:
    """One registered resource.

    `inputs` are in the provider's spelling, with `{"$secret": true}` and `{"$unknown": true}` where a value is secret
    or not known yet. `depends_on` holds every URN that it waits for by data or by option; `parent` and `provider`
    (URNs) stand apart. `provider` is None for components, the Stack and the providers themselves. `by_property` says
    which of the URNs the value of a property comes from, `by_secret` which secrets' keys; neither is part of the JSON.
    """

    __pydantic_config__ = _CAMEL

    urn: str
    type: str
    name: str
    custom: bool
    parent: str | None
    provider: str | None
    inputs: Mapping[str, Any]
    depends_on: tuple[str, ...]
    options: Options
    by_property: Annotated[Mapping[str, tuple[str, ...]], Field(exclude=True)] = field(
        default_factory=dict[str, tuple[str, ...]], compare=False
    )
    by_secret: Annotated[Mapping[str, tuple[str, ...]], Field(exclude=True)] = field(
        default_factory=dict[str, tuple[str, ...]], compare=False
    )

    @property
    def package(self) -> str:
        """The provider's package: `aws`, `kubernetes`, …; for a provider resource the package that it serves."""
        return self.type.removeprefix(PROVIDER_PREFIX).split(":", 1)[0]

    @property
    def waits_for(self) -> frozenset[str]:
        """Every URN that has to be there before: dependencies, parent and provider."""
        return frozenset({*self.depends_on, *filter(None, (self.parent, self.provider))})

    def as_json(self) -> dict[str, Any]:
        """The resource's object in `--json`."""
        return _json(Resource).dump_python(self, mode="json", by_alias=True)


@dataclass(frozen=True)
class Plan:
    """What a first `pulumi up` of a stack would create; resources sorted by URN.

    `missing_secrets` are full config keys (`airflow:fernetKey`) that still have to be set; `placeholders` are config
    paths (`airflow:cloud.accountId`) whose shipped value only the owner can replace.
    """

    __pydantic_config__ = _CAMEL

    project: str
    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    warnings: tuple[str, ...] = ()
    missing_secrets: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()

    @cached_property
    def by_urn(self) -> dict[str, Resource]:
        """URN → resource."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def _children(self) -> dict[str | None, list[Resource]]:
        children: dict[str | None, list[Resource]] = {}
        for resource in self.resources:
            children.setdefault(resource.parent, []).append(resource)
        return children

    def children(self, urn: str | None) -> tuple[Resource, ...]:
        """Direct children of a resource, sorted by URN; of None: the Stack."""
        return tuple(self._children.get(urn, ()))

    def of_type(self, *types: str) -> tuple[Resource, ...]:
        """Resources of these type tokens, such as `aws:rds/instance:Instance`."""
        return tuple(resource for resource in self.resources if resource.type in types)

    def reach(self, urn: str) -> frozenset[str]:
        """Every URN that `urn` waits for, transitively: `up` creates them before it, `destroy` deletes them after."""
        seen: set[str] = set()
        todo = [urn]
        while todo:
            for other in self.by_urn[todo.pop()].waits_for - seen:
                seen.add(other)
                if other in self.by_urn:
                    todo.append(other)
        return frozenset(seen)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def as_json(self) -> dict[str, Any]:
        """The one object of `--json`."""
        return _json(Plan).dump_python(self, mode="json", by_alias=True)

    @classmethod
    def from_json(cls, data: Any) -> "Plan":
        """Read back what `as_json` wrote; ValueError where it is something else."""
        return _json(cls).validate_python(data)
