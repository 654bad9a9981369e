"""The only reader of Pulumi's config."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pulumi
from pulumi.runtime import config as runtime_config

from infra.names import OWN_NAMESPACES, Names
from infra.settings.base import has_parsed
from infra.settings.known_keys import FIELDS, NAMESPACE, is_secret_key, unknown_key
from infra.settings.model import Settings
from infra.settings.owners import MARK, stand_ins
from infra.settings.parse import examine
from infra.settings.problems import Problem, SettingsError
from infra.settings.secrets import Secrets, take


def load() -> tuple[Settings, Secrets]:
    """The settings and secrets of the running stack. Raises SettingsError with all problems of both."""
    config: dict[str, str] = dict(runtime_config.CONFIG.get())
    encrypted = frozenset(key for key in config if runtime_config.is_config_secret(key))
    hidden = dict(_hidden(encrypted))
    marked: dict[str, str] = {}
    clear = {key: _with_stand_ins(key, text, marked) for key, text in config.items() if key not in hidden}
    settings, found = examine(clear)
    # What is encrypted cannot be judged without telling it, and a mark without an example is no more than a mark.
    found = [one for one in found if not one.key.startswith(tuple(hidden)) and one.key not in marked]
    found += _namespaces(settings)
    secrets, of_secrets = take(settings, config, encrypted)
    if problems := [*hidden.values(), *_marked(marked), *found, *of_secrets]:
        raise SettingsError(problems)
    return settings, secrets


def _namespaces(settings: Settings) -> Iterator[Problem]:
    """A release may have any namespace but the stack's own, whose names hang on the stack's."""
    prefix = settings.prefix if has_parsed(settings, "prefix") else None
    names = Names(pulumi.get_project(), pulumi.get_stack(), prefix)
    own = {names.resource(part) for part in OWN_NAMESPACES}
    for index, release in enumerate(settings.releases if has_parsed(settings, "releases") else ()):
        if has_parsed(release, "name") and has_parsed(release, "namespace") and release.in_namespace in own:
            key = f"{NAMESPACE}:releases[{index}].namespace"
            yield Problem(key, "none of the stack's own namespaces", "name another", release.in_namespace)


def _with_stand_ins(key: str, text: str, marked: dict[str, str]) -> str:
    """A plan has put them in already; here a run is checked beyond its marks."""
    name = key.partition(":")[2]
    if MARK not in text or is_secret_key(name):
        return text
    with suppress(ValueError):  # what is no JSON is text, or the settings say that it is neither
        if text.startswith(("{", "[")):
            return json.dumps(stand_ins(json.loads(text), key, marked))
    return str(stand_ins(text, key, marked))


def _marked(marked: dict[str, str]) -> Iterator[Problem]:
    for key, text in marked.items():
        yield Problem(key, f"every value marked {MARK} is the owner's to give", "edit it in the stack file", text)


def _hidden(encrypted: frozenset[str]) -> Iterator[tuple[str, Problem]]:
    """One nested `secure:` encrypts its whole object, which would make a secret of every setting in it."""
    for key in encrypted:
        namespace, _, name = key.partition(":")
        if namespace != NAMESPACE or is_secret_key(name):
            continue
        rule, cure = "settings are in the clear and secrets are flat keys", "move the secret to its own key"
        yield key, Problem(key, rule, cure) if name in FIELDS else unknown_key(key)
