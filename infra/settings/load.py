"""The only reader of Pulumi's config."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi.runtime import config as runtime_config

from infra.settings.model import Settings
from infra.settings.parse import NAMESPACE, read
from infra.settings.problems import Problem, SettingsError
from infra.settings.secret_keys import is_secret_key
from infra.settings.secrets import Secrets, take

MARK = "CHANGE-ME"


def load() -> tuple[Settings, Secrets]:
    """The settings and secrets of the running stack. Raises SettingsError with all problems of both."""
    config: dict[str, str] = dict(runtime_config.CONFIG.get())
    encrypted = frozenset(key for key in config if runtime_config.is_config_secret(key))
    problems = [*_marked(config), *_hidden(encrypted)]
    secret_problems: list[Problem] = []
    try:
        settings = read(config)
    except SettingsError as error:
        raise SettingsError([*problems, *_outrank(problems, error.problems)]) from None
    secrets, secret_problems = take(settings, config, encrypted)
    if problems or secret_problems:
        raise SettingsError([*problems, *secret_problems])
    return settings, secrets


def _marked(config: Mapping[str, str]) -> Iterator[Problem]:
    """Values that ship for somebody to fill in: a plan can do with the example behind the mark, a run cannot."""
    for key, text in config.items():
        if MARK in text and not is_secret_key(key.partition(":")[2]):
            yield Problem(key, f"every value marked {MARK} is the owner's to give", "edit it in the stack file", text)


def _hidden(encrypted: frozenset[str]) -> Iterator[Problem]:
    """One nested `secure:` encrypts its whole object, which would make a secret of every setting in it."""
    for key in encrypted:
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE and not is_secret_key(name):
            yield Problem(key, "settings are in the clear and secrets are flat keys", "move the secret to its own key")


def _outrank(first: list[Problem], others: tuple[Problem, ...]) -> list[Any]:
    """A marked value fails its field's rule too; saying so once is enough."""
    marked = tuple(problem.key for problem in first)
    return [problem for problem in others if not (marked and problem.key.startswith(marked))]
