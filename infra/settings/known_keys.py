"""Which keys there are, and what is said of one that is none of them: its nearest neighbour, or where a secret goes."""

from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel

from infra.settings.model import Settings
from infra.settings.problems import Problem, nearest
from infra.settings.secret_keys import SECRETS

NAMESPACE = "airflow"
FIELDS = {field.alias or name: field for name, field in Settings.model_fields.items()}
_WORDS_OF_SETTINGS = ("settings", "kubeconfig")
"""Secrets whose names are words of the settings too."""


def is_secret_key(key: str) -> bool:
    """Whether a config key (without namespace) is a secret's, with or without a release's name in front."""
    release, dot, name = key.rpartition(".")
    if name not in SECRETS or not dot:
        return name in SECRETS
    return SECRETS[name].per_release and bool(release) and "." not in release and release not in FIELDS


def unknown_key(full: str) -> Problem:
    """What is wrong with a key that is none of ours."""
    namespace, _, key = full.partition(":")
    if namespace != NAMESPACE:
        hint = f"put it under the namespace {NAMESPACE}:" if namespace else "give it a namespace"
        return Problem(full, "no config of another namespace is read: providers are explicit", hint)
    release, _, name = key.rpartition(".")
    near = nearest(name, SECRETS) if release else nearest(key, [*FIELDS, *SECRETS])
    if near and release in FIELDS:
        return _no_secret_inside(full, near)
    if near and release and SECRETS[near].per_release:
        near = f"{release.rpartition('.')[2]}.{near}"
    cure = f"did you mean {NAMESPACE}:{near}?" if near else "remove it, or see docs/settings.md"
    return Problem(full, "a key of docs/settings.md", cure)


def unknown_field(key: str, path: tuple[str | int, ...], model: type[BaseModel] | None) -> Problem:
    """What is wrong with a key inside an object that its model does not know."""
    word = str(path[-1])
    known = [field.alias or name for name, field in model.model_fields.items()] if model else []
    near = nearest(word, [*known, *SECRETS])
    if near and near not in known:
        return _no_secret_inside(key, near)
    cure = f"did you mean {near}?" if near else f"remove it; known here: {', '.join(known) or 'nothing'}"
    return Problem(key, "a known key", cure)


def _no_secret_inside(key: str, name: str) -> Problem:
    return Problem(key, "no secret inside an object", f"`pulumi config set --secret {NAMESPACE}:{name}`")


def secrets_inside(data: Any, path: str = "") -> Iterator[Problem]:
    """Mappings take any key; one that is called like a secret would be one in the clear."""
    if isinstance(data, dict):
        for name, item in cast("dict[str, Any]", data).items():
            where = f"{path}.{name}" if path else f"{NAMESPACE}:{name}"
            if name in SECRETS and name not in _WORDS_OF_SETTINGS:
                yield _no_secret_inside(where, name)
            yield from secrets_inside(item, where)
    elif isinstance(data, list):
        for index, item in enumerate(cast("list[Any]", data)):
            yield from secrets_inside(item, f"{path}[{index}]")
