"""Every derived name, label and tag. Pure; each cloud's rules of length and alphabet live here and nowhere else.

A name says project, stack and purpose as far as it fits, and ends in a digest of all of it wherever something was cut
or folded, so that two different things never get one name and one thing never gets two.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

POSTGRES_CA = "/etc/postgres-ca/ca.crt"
"""The file with the database server's root, in every pod that talks to it."""

DATABASE_DUMP = "postgres-dump"
DATABASE_RESTORE = "postgres-restore"
"""CronJobs of the database in an existing cluster; `make dump` and `make restore` make Jobs of them."""

NAMES_EXPORT = "namesBeginWith"
"""The export that records what a standing stack's names begin with."""

OWN_TAGS = ("project", "stack", "managed-by", "name")
"""Tags that the program sets on what it makes, in lower case: Azure tells no case apart."""

OWN_NAMESPACES = (
    *("bot", "certificates", "chaos", "database", "database-admin", "keda"),
    *("monitoring", "nginx", "nodes", "share-snapshots", "traefik", "volumes"),
)
"""Parts whose namespaces are `Names.resource(part)`: no release may take one of them."""


def digest(*parts: str, length: int = 6) -> str:
    """A short digest in [a-z0-9] of the parts, told apart even where their joined text is the same."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:16], "big")
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while len(text) < length:
        number, rest = divmod(number, 36)
        text += alphabet[rest]
    return text


def hyphenated(text: str) -> str:
    """The text in [a-z0-9-], a letter first, no double or final hyphen."""
    folded = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return folded if folded and folded[0].isalpha() else f"a-{folded}".rstrip("-")


@dataclass(frozen=True)
class Names:
    """Names of one stack. `prefix` stands in place of project and stack; the digests keep both all the same."""

    project: str
    stack: str
    prefix: str | None = None

    def _shown(self, *parts: str) -> str:
        return "-".join((self.prefix, *parts) if self.prefix else (self.project, self.stack, *parts))

    def _identity(self, *parts: str) -> tuple[str, ...]:
        return (self.project, self.stack, self.prefix or "", *parts)

    def resource(self, *parts: str, limit: int = 63) -> str:
        """A name for what takes letters, digits and hyphens: a cluster, a role, a Kubernetes object (63)."""
        plain = (self.project, self.stack, *parts)
        # Joining hides where one part ends, so that only parts without hyphens are told apart by the text alone.
        unambiguous = not self.prefix and all("-" not in part for part in plain)
        text = hyphenated(self._shown(*parts))
        if unambiguous and text == self._shown(*parts) and len(text) <= limit:
            return text
        return f"{text[: limit - 7].rstrip('-')}-{digest(*self._identity(*parts))}"

    def global_(self, *parts: str, limit: int = 63) -> str:
        """As `resource`, for a name space shared with the whole world: always with a long digest."""
        text = hyphenated(self._shown(*parts))[: limit - 9].rstrip("-")
        return f"{text}-{digest(*self._identity(*parts), length=8)}"

    def _alphanumeric(self, *parts: str, limit: int) -> str:
        text = hyphenated(self._shown(*parts)).replace("-", "")
        return f"{text[: limit - 8]}{digest(*self._identity(*parts), length=8)}"

    def storage_account(self, *parts: str) -> str:
        """Azure storage: 3-24 of [a-z0-9], unique in the world."""
        return self._alphanumeric(*parts, limit=24)

    def container_registry(self, *parts: str) -> str:
        """Azure Container Registry: 5-50 of [a-z0-9], unique in the world."""
        return self._alphanumeric(*parts, limit=50)

    def key_vault(self, *parts: str) -> str:
        """Azure Key Vault: 3-24 of letters, digits and single hyphens, unique in the world."""
        return self.global_(*parts, limit=24)

    def database_server(self, *parts: str) -> str:
        """RDS and Flexible Server: at most 63, a letter first, no `--`, no hyphen last."""
        return self.global_(*parts, limit=63)

    def bucket(self, *parts: str) -> str:
        """S3: 3-63, unique in the world; pass the account id among the parts."""
        return self.global_(*parts, limit=63)

    def tags(self, own: Mapping[str, str]) -> dict[str, str]:
        """Tags of everything that can be tagged: what made it, and the stack's own (`owner` among them)."""
        return {"project": self.project, "stack": self.stack, "managed-by": "pulumi", **own}

    def labels(self, component: str) -> dict[str, str]:
        """Kubernetes' recommended labels; values fit their 63 characters."""
        return {
            "app.kubernetes.io/name": hyphenated(component)[:63].rstrip("-"),
            **self.stack_labels(),
            "app.kubernetes.io/managed-by": "pulumi",
        }

    def stack_labels(self) -> dict[str, str]:
        """What the stack's Kubernetes objects have in common, its namespaces among them."""
        return {"app.kubernetes.io/part-of": self.resource()}


def renaming(standing: object, wanted: object) -> str | None:
    """Why a stack that stands with one NAMES_EXPORT cannot have another; None where it can, or where none is known."""
    if not isinstance(standing, str) or not isinstance(wanted, str) or not standing or standing == wanted:
        return None
    return (
        f"airflow:prefix: the names of this stack begin with {standing!r}, and would begin with {wanted!r}: everything "
        "would be replaced, the cluster and the database with all their data among it. A stack keeps its names for "
        f"life: set the prefix (or the stack's and the project's name) to what it was. For {wanted!r} make a second "
        'stack, move to it, and destroy this one: docs/operations.md, "Other names"'
    )


def schema(release: str) -> str:
    """A PostgreSQL role or database of a release: at most 63 of [a-z0-9_], a letter first, no reserved word."""
    return f"airflow_{release}".replace("-", "_")


def login(role: str, password: str) -> str:
    """The login that comes in for a role with this password: one of two, told by one bit of the password's digest.

    So a new password is the other login's as often as not, and always where `make rotate-database` made it: then new
    pods come in with it while the old ones still do with the old one.
    """
    return f"{role}__{'ab'[hashlib.sha256(password.encode()).digest()[0] & 1]}"


def result_schema(release: str) -> str:
    """The same for the results of a release's Celery."""
    return f"{schema(release)}_result"
