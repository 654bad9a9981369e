"""The secrets of a stack: one table with each key's purpose, what may stand there, and how one is made.

Secrets are flat keys of Pulumi's encrypted config. One that belongs to a release takes its name with it
(`main.fernetKey`); where a stack has a single release, the key without the name serves it too, except for
`databasePassword`, which without a name is the server administrator's and must never be in a release's namespace.
"""

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from infra.settings.payload import problems

Check = Callable[[str], str | None]


@dataclass(frozen=True)
class SecretSpec:
    """One kind of secret. `check` returns the broken rule or None; `generate` is None where only a person has it.

    `multiline` secrets are whole files, which the CLI takes from standard input.
    """

    name: str
    purpose: str
    check: Check
    generate: Callable[[], str] | None = None
    placeholder_text: str = ""
    per_release: bool = True
    final_newline: bool = False
    multiline: bool = False

    def placeholder(self, number: int) -> str:
        """A valid stand-in for a plan, distinct for each number, that nobody could take for a real secret."""
        if self.placeholder_text:
            return self.placeholder_text.format(number=number)
        if self.name == "fernetKey":
            return base64.urlsafe_b64encode(f"plan-placeholder-{number:015d}".encode()).decode()
        return f"plan-placeholder-{number:020d}"


@dataclass(frozen=True, order=True)
class SecretKey:
    """A secret that the settings ask for: `key` without namespace, `release` None for one of the whole stack."""

    key: str
    spec: SecretSpec
    release: str | None = None


def _password() -> str:
    """32 letters and digits (190 bits), with each class present: accepted by RDS, Flexible Server and every URL."""
    while True:
        text = secrets.token_hex(4) + secrets.token_urlsafe(48).replace("-", "").replace("_", "")
        text = text[:32]
        if re.search("[a-z]", text) and re.search("[A-Z]", text) and re.search("[0-9]", text):
            return text


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


#: What people and products begin with; a password made of such words alone is the first that anybody tries.
_DEFAULT = re.compile(
    r"(?:admin|administrator|airflow|changeme|default|password|postgres|secret|test|user|\W|_|\d)+", re.I
)


def _check_database_password(value: str) -> str | None:
    if not 16 <= len(value) <= 128:
        return "16 to 128 characters"
    if _DEFAULT.fullmatch(value):
        return "no default password, nor one made of such words and digits"
    if re.search(r"""[/@"'\\\s]""", value) or not value.isascii() or not value.isprintable():
        return "printable ASCII without / @ quotes, backslash or space (RDS refuses these)"
    return None


def _check_password(value: str) -> str | None:
    if len(value) < 12:
        return "at least 12 characters"
    if _DEFAULT.fullmatch(value):
        return "no default password, nor one made of such words and digits"
    return None if len(set(value)) >= 6 else "at least 6 different characters"


def _check_flower_password(value: str) -> str | None:
    if "," in value:
        return "without a comma, which begins another user in Flower's list"
    return _check_password(value)


def _check_key(value: str) -> str | None:
    return None if len(value) >= 32 else "at least 32 characters"


def _check_fernet(value: str) -> str | None:
    for key in value.split(","):
        try:
            good = len(base64.b64decode(key.strip(), altchars=b"-_", validate=True)) == 32
        except ValueError:
            good = False
        if not good:
            return "a list of Fernet keys joined by commas, the newest first, each 32 bytes in url-safe base64"
    return None


def _check_ssh_key(value: str) -> str | None:
    text = value.strip()
    if not text.startswith("-----BEGIN"):
        try:
            text = base64.b64decode(text, validate=True).decode().strip()
        except ValueError:
            text = ""
    good = text.startswith("-----BEGIN") and "PRIVATE KEY-----" in text
    return None if good else "a private key in PEM or OpenSSH form, as it is or in base64"


def _check_url(value: str) -> str | None:
    return None if re.fullmatch(r"https://[^\s]+", value) else "an https:// address"


def _check_present(value: str) -> str | None:
    return None if value.strip() else "not empty"


def _check_slack_bot(value: str) -> str | None:
    return None if re.fullmatch(r"xoxb-[\w-]+", value.strip()) else "a Slack bot token, which begins with xoxb-"


def _check_slack_app(value: str) -> str | None:
    return None if re.fullmatch(r"xapp-[\w-]+", value.strip()) else "a Slack app-level token, which begins with xapp-"


def _check_settings(value: str) -> str | None:
    return "; ".join(problems(value)) or None


_SSH_PLACEHOLDER = "-----BEGIN OPENSSH PRIVATE KEY-----\nplan-placeholder-{number}\n-----END OPENSSH PRIVATE KEY-----\n"
_URL_PLACEHOLDER = "https://hooks.slack.com/services/plan-placeholder-{number}"

SECRETS: dict[str, SecretSpec] = {
    spec.name: spec
    for spec in (
        SecretSpec(
            "databasePassword",
            "the database administrator's password; with a release's name its own role's",
            _check_database_password,
            _password,
        ),
        SecretSpec("fernetKey", "encrypts connections and variables in Airflow's database", _check_fernet, _fernet_key),
        SecretSpec("jwtSecret", "signs the tokens of tasks and users", _check_key, lambda: secrets.token_urlsafe(48)),
        SecretSpec("apiSecretKey", "signs the sessions of the UI", _check_key, lambda: secrets.token_urlsafe(48)),
        SecretSpec("adminPassword", "the first administrator of the UI", _check_password, _password),
        SecretSpec(
            "settings",
            "connections, variables, pools and users (docs/settings-as-code.md)",
            _check_settings,
            placeholder_text="airflow: {{variables: {{placeholder: '{number}'}}}}",
            multiline=True,
        ),
        SecretSpec("brokerPassword", "the Celery broker's password", _check_database_password, _password),
        SecretSpec("resultPassword", "the role of the Celery result database", _check_database_password, _password),
        SecretSpec("flowerPassword", "basic auth in front of Flower", _check_flower_password, _password),
        SecretSpec(
            "gitSshKey",
            "the private key that reads the DAG repository",
            _check_ssh_key,
            placeholder_text=_SSH_PLACEHOLDER,
            final_newline=True,
            multiline=True,
        ),
        SecretSpec("gitToken", "the token that reads the DAG repository", _check_present),
        SecretSpec("smtpPassword", "the mail server's password", _check_present),
        SecretSpec(
            "slackUrl",
            "the Slack webhook that failing DAGs and alerts write to",
            _check_url,
            placeholder_text=_URL_PLACEHOLDER,
        ),
        SecretSpec(
            "registryConfig",
            "a docker config.json that pulls from a registry elsewhere",
            _check_present,
            placeholder_text='{{"auths":{{"registry.your-company.com":{{"auth":"plan-placeholder-{number}"}}}}}}',
            multiline=True,
        ),
        SecretSpec("grafanaPassword", "Grafana's administrator", _check_password, _password, per_release=False),
        SecretSpec(
            "slackBotToken",
            "the Slack bot's token, xoxb-…, which writes messages (docs/delivery.md)",
            _check_slack_bot,
            placeholder_text="xoxb-plan-placeholder-{number}",
            per_release=False,
        ),
        SecretSpec(
            "slackAppToken",
            "the Slack app's token, xapp-…, which opens the bot's socket (docs/delivery.md)",
            _check_slack_app,
            placeholder_text="xapp-plan-placeholder-{number}",
            per_release=False,
        ),
        SecretSpec(
            "deliveryToken", "the GitHub token of the bot (docs/delivery.md)", _check_present, per_release=False
        ),
        SecretSpec(
            "circleciToken", "the CircleCI token of the bot, where it delivers", _check_present, per_release=False
        ),
        SecretSpec(
            "kubeconfig",
            "the kubeconfig of an existing cluster, instead of a path",
            _check_present,
            placeholder_text="apiVersion: v1\nkind: Config\n# plan-placeholder-{number}\n",
            per_release=False,
            final_newline=True,
            multiline=True,
        ),
    )
}
