"""What may stand in a secret: each check returns the broken rule, which never holds the value, or None."""

import base64
import json
import re
from typing import Any, cast

import yaml

from infra.settings.payload import problems

#: What people and products begin with; a password made of such words alone is the first that anybody tries.
_DEFAULT = re.compile(
    r"(?:admin|administrator|airflow|changeme|default|password|postgres|secret|test|user|\W|_|\d)+", re.I
)


def database_password(value: str) -> str | None:
    """A password that RDS, Flexible Server and PostgreSQL take."""
    if not 16 <= len(value) <= 128:
        return "16 to 128 characters"
    if _DEFAULT.fullmatch(value):
        return "no default password, nor one made of such words and digits"
    if re.search(r"""[/@"'\\\s]""", value) or not value.isascii() or not value.isprintable():
        return "printable ASCII without / @ quotes, backslash or space (RDS refuses these)"
    return None


def password(value: str) -> str | None:
    """A person's password."""
    if len(value) < 12:
        return "at least 12 characters"
    if _DEFAULT.fullmatch(value):
        return "no default password, nor one made of such words and digits"
    return None if len(set(value)) >= 6 else "at least 6 different characters"


def flower_password(value: str) -> str | None:
    """As others', and no comma: it would begin another user in Flower's list."""
    return "without a comma, which begins another user in Flower's list" if "," in value else password(value)


def key(value: str) -> str | None:
    """A key that signs."""
    return None if len(value) >= 32 else "at least 32 characters"


def fernet(value: str) -> str | None:
    """One Fernet key or several, the newest first."""
    for key in value.split(","):
        try:
            good = len(base64.b64decode(key.strip(), altchars=b"-_", validate=True)) == 32
        except ValueError:
            good = False
        if not good:
            return "a list of Fernet keys joined by commas, the newest first, each 32 bytes in url-safe base64"
    return None


def ssh_key(value: str) -> str | None:
    """A private key, whole."""
    text = value.strip()
    if not text.startswith("-----BEGIN"):
        try:
            text = base64.b64decode(text, validate=True).decode().strip()
        except ValueError:
            text = ""
    good = text.startswith("-----BEGIN") and "PRIVATE KEY-----" in text
    return None if good else "a private key in PEM or OpenSSH form, as it is or in base64"


def url(value: str) -> str | None:
    """A webhook."""
    return None if re.fullmatch(r"https://[^\s]+", value) else "an https:// address"


def present(value: str) -> str | None:
    """Anything at all."""
    return None if value.strip() else "not empty"


def docker_config(value: str) -> str | None:
    """What docker login leaves behind."""
    try:
        config = json.loads(value)
    except ValueError:
        config = None
    return None if isinstance(config, dict) and "auths" in config else "a docker config.json: JSON with the key auths"


def kubeconfig(value: str) -> str | None:
    """The content of a kubeconfig, not its path."""
    try:
        config = yaml.safe_load(value)
    except yaml.YAMLError:
        config = None
    kind = cast("dict[Any, Any]", config).get("kind") if isinstance(config, dict) else None
    return None if kind == "Config" else "a kubeconfig: YAML of kind Config, and not a path"


def slack_bot(value: str) -> str | None:
    """A bot's token."""
    return None if re.fullmatch(r"xoxb-[\w-]+", value.strip()) else "a Slack bot token, which begins with xoxb-"


def slack_app(value: str) -> str | None:
    """An app's token."""
    return None if re.fullmatch(r"xapp-[\w-]+", value.strip()) else "a Slack app-level token, which begins with xapp-"


def settings(value: str) -> str | None:
    """What the sync takes."""
    return "; ".join(problems(value)) or None
