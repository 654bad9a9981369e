"""Every derived name, label and tag. Pure; each cloud's rules of length and alphabet live here and nowhere else.

A name says project, stack and purpose as far as it fits, and ends in a digest of all of it wherever something was cut
or folded, so that two different things never get one name and one thing never gets two.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass


def digest(*parts: str, length: int = 6) -> str:
    """A short digest in [a-z0-9] of the parts, told apart even where their joined text is the same."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:16], "big")
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while len(text) < length:
        number, rest = divmod(number, 36)
        text += alphabet[rest]
    return text


def hyphenated(*parts: str, limit: int) -> str:
    """`a-b-c` in [a-z0-9-], a letter first, no double or final hyphen, at most `limit` characters."""
    plain = "-".join(parts)
    text = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if not text or not text[0].isalpha():
        text = f"a-{text}".rstrip("-")
    # Joining hides where one part ends, so that only single-word parts are told apart by the text alone.
    if text == plain and len(text) <= limit and all("-" not in part for part in parts):
        return text
    return f"{text[: limit - 7].rstrip('-')}-{digest(*parts)}"


def alphanumeric(*parts: str, limit: int) -> str:
    """Lower-case letters and digits only, a letter first, always with a digest: folding loses the parts' borders."""
    text = re.sub(r"[^a-z0-9]", "", "".join(parts).lower())
    if not text or not text[0].isalpha():
        text = f"a{text}"
    return f"{text[: limit - 8]}{digest(*parts, length=8)}"


@dataclass(frozen=True)
class Names:
    """Names of one stack. `prefix` replaces project and stack in front; the digests keep both all the same."""

    project: str
    stack: str
    prefix: str | None = None

    def _parts(self, *parts: str) -> tuple[str, ...]:
        return (self.prefix, *parts) if self.prefix else (self.project, self.stack, *parts)

    def resource(self, *parts: str, limit: int = 63) -> str:
        """A name for what takes letters, digits and hyphens: a cluster, a role, a Kubernetes object (63)."""
        return hyphenated(*self._parts(*parts), limit=limit)

    def global_(self, *parts: str, limit: int = 63) -> str:
        """As `resource`, for a name space shared with the whole world: always with a digest, salted by `parts`."""
        text = hyphenated(*self._parts(*parts), limit=limit - 9)
        return f"{text}-{digest(self.project, self.stack, *self._parts(*parts), length=8)}"

    def storage_account(self, *parts: str) -> str:
        """Azure storage: 3-24 of [a-z0-9], unique in the world."""
        return alphanumeric(*self._parts(*parts), limit=24)

    def container_registry(self, *parts: str) -> str:
        """Azure Container Registry: 5-50 of [a-z0-9], unique in the world."""
        return alphanumeric(*self._parts(*parts), limit=50)

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
            "app.kubernetes.io/name": hyphenated(component, limit=63),
            "app.kubernetes.io/part-of": hyphenated(self.project, self.stack, limit=63),
            "app.kubernetes.io/managed-by": "pulumi",
        }


def schema(release: str) -> str:
    """A PostgreSQL role or database of a release: at most 63 of [a-z0-9_], a letter first, no reserved word."""
    return f"airflow_{release}".replace("-", "_")
