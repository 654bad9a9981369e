"""A stack's settings and secrets: the one door through which config comes in."""

from infra.settings.base import Size, Tier
from infra.settings.known_keys import FIELDS, NAMESPACE, is_secret_key, unknown_key
from infra.settings.load import load
from infra.settings.model import Settings
from infra.settings.parse import examine, read
from infra.settings.problems import Problem, SettingsError
from infra.settings.secret_keys import SECRETS, SecretKey
from infra.settings.secrets import ReleaseSecrets, Secrets, nameless, required_secrets

__all__ = [
    "FIELDS",
    "NAMESPACE",
    "SECRETS",
    "Problem",
    "ReleaseSecrets",
    "SecretKey",
    "Secrets",
    "Settings",
    "SettingsError",
    "Size",
    "Tier",
    "examine",
    "is_secret_key",
    "load",
    "nameless",
    "read",
    "required_secrets",
    "unknown_key",
]
