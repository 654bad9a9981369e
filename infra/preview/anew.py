"""Which secrets a change sets anew: the encrypted values of two stack files compared, which tells no value.

The plan alone cannot: a secret is a secret in both. What is re-encrypted counts as set anew, since nobody can tell.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from infra import settings
from infra.preview import stackfile
from infra.settings import SecretKey

_PROVIDER = ("secretsprovider", "encryptedkey", "encryptionsalt")
"""What a stack file says of its secrets provider (ProjectStack, sdk/go/common/workspace/project.go)."""


@dataclass(frozen=True)
class SetAnew:
    """Keys, with namespace, of secrets whose encrypted value differs; or why that was not looked at."""

    keys: tuple[str, ...] = ()
    unlooked: str = ""


NONE = SetAnew()
NO_FILES = SetAnew(unlooked="a plan alone holds none of them; `make plan-diff` compares the stack files")


def between(before: Path, after: Path, root: Path, stack: str) -> SetAnew:
    """What `after`'s folder sets anew in the stack's file against `before`'s. A key may have moved to a release's name.

    Raises InputError and settings.SettingsError.
    """
    old, new = (stackfile.read_content(folder / f"Pulumi.{stack}.yaml") for folder in (before, after))
    earlier, file = (stackfile.read(root, folder, stack) for folder in (before, after))
    there, here = (_sealed(content, file) for content in (old, new))
    if not there or not here:
        return NONE
    if any(old.get(key) != new.get(key) for key in _PROVIDER):
        return SetAnew(
            unlooked="the stack's secrets provider or its key is another one, and so is every encrypted text"
        )
    known = {secret.release for secret in _required(earlier)}
    stayed = [secret for secret in _required(file) if secret.release in known]
    return SetAnew(tuple(sorted(f"{file.project}:{key}" for key in _differing(stayed, there, here))))


def _required(file: stackfile.StackFile) -> tuple[SecretKey, ...]:
    entries, _ = stackfile.owner_values(file.entries)
    asked_for, _ = settings.examine({key: entry.text for key, entry in entries.items()})
    return settings.required_secrets(asked_for)


def _differing(stayed: Iterable[SecretKey], old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for secret in stayed:
        keys = (f"{secret.release}.{secret.spec.name}", secret.key)
        if secret.release is not None and secret.spec.name != "databasePassword":
            keys = (*keys, secret.spec.name)
        before, after = (next((key for key in keys if key in held), "") for held in (old, new))
        if before and after and old[before] != new[after]:
            yield after


def _sealed(content: Mapping[str, Any], file: stackfile.StackFile) -> dict[str, str]:
    """Ciphertext by key without namespace. It stays in this process."""
    config = cast("dict[str, Any]", content.get("config") or {})
    found = {stackfile.full_key(file.project, key, file.path): value for key, value in config.items()}
    secret = {full.partition(":")[2]: value for full, value in found.items()}
    return {
        key: str(cast("dict[str, Any]", value)["secure"])
        for key, value in secret.items()
        if settings.is_secret_key(key) and isinstance(value, dict) and "secure" in value
    }
