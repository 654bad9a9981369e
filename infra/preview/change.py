"""What happens to one resource between two plans."""

from dataclasses import dataclass
from typing import Any

from infra.preview import create_only
from infra.preview.model import Resource
from infra.preview.paths import Edit, at

WHEN_DELETED = "airflow-platform/when-deleted"
KINDS = ("replaced", "deleted", "changed", "created")


@dataclass(frozen=True)
class Change:
    """What happens to one resource. `because` says why it is replaced where none of its own properties forces it."""

    kind: str
    resource: Resource
    edits: tuple[Edit, ...] = ()
    because: str = ""

    @property
    def protected(self) -> bool:
        """Whether the engine refuses to delete it."""
        return self.resource.options.protect

    @property
    def refused(self) -> bool:
        """Whether the cloud refuses the change: what it cannot change, in a resource that stays."""
        return self.kind == "changed" and any(edit.refused for edit in self.edits)

    @property
    def loses_data(self) -> bool:
        """Whether what it holds goes with it."""
        return self.kind in ("replaced", "deleted") and create_only.rules(self.resource.type).holds_data

    @property
    def consequence(self) -> str:
        """What else ends with it, in the resource's own words: its annotation WHEN_DELETED."""
        said = at(self.resource.inputs, f"metadata.annotations.{WHEN_DELETED}")
        return said if isinstance(said, str) and self.kind in ("replaced", "deleted") else ""

    def as_json(self) -> dict[str, Any]:
        """The change's object in `--diff --json`."""
        paths = [
            {"path": e.path, "before": e.before, "after": e.after, "replaces": e.replaces, "refused": e.refused}
            for e in self.edits
        ]
        return {
            "urn": self.resource.urn,
            "type": self.resource.type,
            "name": self.resource.name,
            "protected": self.protected,
            "losesData": self.loses_data,
            "refused": self.refused,
            "because": self.because,
            "paths": paths,
        }
