"""The plan as typed values, and as the one JSON object of `--json`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


@dataclass(frozen=True)
class Options:
    """A resource's options as the engine receives them.

    `delete_before_replace` is None where the provider decides. `aliases` holds URNs, or objects in the engine's
    spelling (`name`, `type`, `parentUrn`, …). `hooks` maps a moment (`onError`, `afterCreate`, …) to hooks' names.
    """

    protect: bool = False
    delete_before_replace: bool | None = None
    retain_on_delete: bool = False
    deleted_with: str | None = None
    custom_timeouts: Mapping[str, str] = field(default_factory=dict[str, str])
    ignore_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str | Mapping[str, Any], ...] = ()
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def as_json(self) -> dict[str, Any]:
        """The `options` object of `--json`."""
        return {
            "protect": self.protect,
            "deleteBeforeReplace": self.delete_before_replace,
            "retainOnDelete": self.retain_on_delete,
            "deletedWith": self.deleted_with,
            "customTimeouts": dict(self.custom_timeouts),
            "ignoreChanges": list(self.ignore_changes),
            "additionalSecretOutputs": list(self.additional_secret_outputs),
            "aliases": list(self.aliases),
            "hooks": {moment: list(names) for moment, names in self.hooks.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Options":
        """Read back what `as_json` wrote."""
        return cls(
            protect=data["protect"],
            delete_before_replace=data["deleteBeforeReplace"],
            retain_on_delete=data["retainOnDelete"],
            deleted_with=data["deletedWith"],
            custom_timeouts=data["customTimeouts"],
            ignore_changes=tuple(data["ignoreChanges"]),
            additional_secret_outputs=tuple(data["additionalSecretOutputs"]),
            aliases=tuple(data["aliases"]),
            hooks={moment: tuple(names) for moment, names in data["hooks"].items()},
        )


@dataclass(frozen=True)
class Resource:
    """One registered resource.

    `inputs` are in the provider's spelling, with `{"$secret": true}` and `{"$unknown": true}` where a value is secret
    or not known yet. `depends_on` holds every URN that it waits for by data or by option; `parent` and `provider`
    (URNs) stand apart. `provider` is None for components, the Stack and the providers themselves. `by_property` says
    which of the URNs the value of a property comes from; it is not part of the JSON.
    """

    urn: str
    type: str
    name: str
    custom: bool
    parent: str | None
    provider: str | None
    inputs: Mapping[str, Any]
    depends_on: tuple[str, ...]
    options: Options
    by_property: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], compare=False)

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
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "custom": self.custom,
            "parent": self.parent,
            "provider": self.provider,
            "inputs": dict(self.inputs),
            "dependsOn": list(self.depends_on),
            "options": self.options.as_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Resource":
        """Read back what `as_json` wrote."""
        plain = {key: data[key] for key in ("urn", "type", "name", "custom", "parent", "provider", "inputs")}
        return cls(**plain, depends_on=tuple(data["dependsOn"]), options=Options.from_json(data["options"]))


@dataclass(frozen=True)
class Plan:
    """What a first `pulumi up` of a stack would create; resources sorted by URN.

    `missing_secrets` are full config keys (`airflow:fernetKey`) that still have to be set; `placeholders` are config
    paths (`airflow:cloud.accountId`) whose shipped value only the owner can replace.
    """

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
        return {
            "project": self.project,
            "stack": self.stack,
            "resources": [resource.as_json() for resource in self.resources],
            "outputs": dict(self.outputs),
            "warnings": list(self.warnings),
            "missingSecrets": list(self.missing_secrets),
            "placeholders": list(self.placeholders),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """Read back what `as_json` wrote; KeyError or TypeError where it is something else."""
        return cls(
            project=data["project"],
            stack=data["stack"],
            resources=tuple(Resource.from_json(item) for item in data["resources"]),
            outputs=data["outputs"],
            warnings=tuple(data["warnings"]),
            missing_secrets=tuple(data["missingSecrets"]),
            placeholders=tuple(data["placeholders"]),
        )
