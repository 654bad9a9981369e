"""A changed plan on a cluster that holds another one, as the provider rolls it out.

What has a name of the provider's making (Secrets, ConfigMaps, Jobs) and changed gets a new name; what names it changes
too; the old ones go last.
"""

from dataclasses import dataclass, field
from typing import Any

from infra.preview.model import Plan, Resource
from tests.live.objects import ordered
from tests.live.site import Site

RENAMED = ("kubernetes:core/v1:Secret", "kubernetes:core/v1:ConfigMap", "kubernetes:batch/v1:Job")


@dataclass
class Rolling:
    """`names`: what the plan calls an object → what it is called on the cluster by now."""

    site: Site
    names: dict[str, str] = field(default_factory=dict[str, str])
    runs: int = 1

    def out(self, **secrets: str) -> set[str]:
        """Apply what these secrets change, in the plan's order, and delete what was replaced, the last made first.

        The logical names of what was replaced.
        """
        old = {one.urn: self._renamed(self.site.manifest(one)) for one in _on_cluster(self.site.plan)}
        self.site.plan = self.site.planned(**secrets)
        self.runs += 1
        replaced: list[Resource] = []
        for resource in _on_cluster(self.site.plan):
            made = self._renamed(self.site.manifest(resource))
            if made == old.get(resource.urn):
                continue
            if resource.type in RENAMED and resource.urn in old:
                replaced.append(resource)
                planned, _ = self.site.place(resource)
                self.names[planned] = made["metadata"]["name"] = f"{planned}-{self.runs}"
            self.site.make(resource.type, made)
        for resource in reversed(replaced):
            metadata = old[resource.urn]["metadata"]
            kind = resource.type.rpartition(":")[2]
            self.site.cluster.run("delete", kind, metadata["name"], "-n", metadata["namespace"])
        return {resource.name for resource in replaced}

    def _renamed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._renamed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._renamed(item) for item in value]
        return self.names.get(value, value) if isinstance(value, str) else value


def _on_cluster(plan: Plan) -> list[Resource]:
    return [one for one in ordered(plan) if one.custom and one.type.startswith("kubernetes:")]
