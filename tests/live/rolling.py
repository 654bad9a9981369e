"""A changed plan on a cluster that holds the first one, as the provider rolls it out.

What has a name of its own making (Secrets, ConfigMaps, Jobs) and changed gets a new name; what names it changes too;
the old ones go last.
"""

from dataclasses import dataclass, field
from typing import Any

from infra.preview.model import Plan, Resource
from tests.live.objects import ordered
from tests.live.site import Site

RENAMED = ("kubernetes:core/v1:Secret", "kubernetes:core/v1:ConfigMap", "kubernetes:batch/v1:Job")


@dataclass
class Rolling:
    """`before` is what the cluster holds; `names` maps a replaced object's name to the new one's."""

    site: Site
    before: Plan
    names: dict[str, str] = field(default_factory=dict[str, str])
    replaced: list[Resource] = field(default_factory=list[Resource])

    def out(self) -> None:
        """Apply what changed in the site's plan, in its order, then delete what was replaced, the last made first."""
        old = {resource.urn: self.site.manifest(resource) for resource in self.before if _on_cluster(resource)}
        for resource in ordered(self.site.plan):
            if _on_cluster(resource):
                self._roll(resource, old.get(resource.urn))
        for resource in reversed(self.replaced):
            name, namespace = self.site.place(resource)
            self.site.cluster.run("delete", resource.type.rpartition(":")[2], name, "-n", namespace)

    def _roll(self, resource: Resource, old: Any) -> None:
        made = self._renamed(self.site.manifest(resource))
        if made == old:
            return
        if resource.type in RENAMED and old is not None:
            name = made["metadata"]["name"]
            self.names[name] = made["metadata"]["name"] = f"{name}-2"
            self.replaced.append(resource)
        self.site.make(resource.type, made)

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._renamed(item) for item in value]
        return self.names.get(value, value) if isinstance(value, str) else value


def _on_cluster(resource: Resource) -> bool:
    return resource.custom and resource.type.startswith("kubernetes:")
