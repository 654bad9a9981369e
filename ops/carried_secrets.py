"""What the only release had under keys without a name goes under its own name, once there is a second release."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra import settings
from infra.settings import SecretKey
from ops import stack_text
from ops.stack import Stack

RELEASE_TYPE = "airflow:airflow:AirflowRelease"


@dataclass(frozen=True)
class Carried:
    """A secret that went to a release: from which key to which, and whether the whole stack keeps the first too."""

    old: str
    new: str
    kept: bool


def carry(stack: Stack) -> list[Carried]:
    """Move what the release that stands has used, or without one the first in the file; nothing is decrypted.

    Where only releases stand that the file does not name, what they have used stays under its key.
    """
    stranded = settings.nameless(stack.settings, stack.secret_keys)
    if not stranded:
        return []
    standing = releases_in_state(stack)
    required = {secret.key for secret in settings.required_secrets(stack.settings) if secret.release is None}
    found = [
        Carried(f"{stack.file.project}:{name}", f"{stack.file.project}:{owner.key}", name in required)
        for name, lacking in stranded.items()
        if (owner := _owner(lacking, standing)) is not None
    ]
    if found:
        text = stack_text.read(stack.file.path)
        for one in found:
            text = stack_text.with_name(text, stack.file.path, stack.file.project, one.old, one.new, keep=one.kept)
        stack_text.write(stack.file.path, text)
    return found


def _owner(lacking: tuple[SecretKey, ...], standing: set[str]) -> SecretKey | None:
    if not standing:
        return lacking[0]
    return next((secret for secret in lacking if secret.release in standing), None)


def releases_in_state(stack: Stack) -> set[str]:
    """Names of the releases that the stack's state holds."""
    return set(releases_of(stack.state()))


def releases_of(resources: list[dict[str, Any]]) -> Iterator[str]:
    """Names of the releases among a state's resources."""
    for resource in resources:
        found = re.search(rf"\b{RELEASE_TYPE}::(.+)$", str(resource["urn"]))
        if found and not resource.get("delete"):
            yield found[1]
