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

from infra.settings import secret_checks as check

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


_SSH_PLACEHOLDER = "-----BEGIN OPENSSH PRIVATE KEY-----\nplan-placeholder-{number}\n-----END OPENSSH PRIVATE KEY-----\n"
_URL_PLACEHOLDER = "https://hooks.slack.com/services/plan-placeholder-{number}"

SECRETS: dict[str, SecretSpec] = {
    spec.name: spec
    for spec in (
        SecretSpec(
            "databasePassword",
            "the database administrator's password; with a release's name its own role's",
            check.database_password,
            _password,
        ),
        SecretSpec("fernetKey", "encrypts connections and variables in Airflow's database", check.fernet, _fernet_key),
        SecretSpec("jwtSecret", "signs the tokens of tasks and users", check.key, lambda: secrets.token_urlsafe(48)),
        SecretSpec("apiSecretKey", "signs the sessions of the UI", check.key, lambda: secrets.token_urlsafe(48)),
        SecretSpec("adminPassword", "the first administrator of the UI", check.password, _password),
        SecretSpec(
            "settings",
            "connections, variables, pools and users (docs/settings-as-code.md)",
            check.settings,
            placeholder_text="airflow: {{variables: {{placeholder: '{number}'}}}}",
            multiline=True,
        ),
        SecretSpec("brokerPassword", "the Celery broker's password", check.database_password, _password),
        SecretSpec("resultPassword", "the role of the Celery result database", check.database_password, _password),
        SecretSpec("flowerPassword", "basic auth in front of Flower", check.flower_password, _password),
        SecretSpec(
            "gitSshKey",
            "the private key that reads the DAG repository",
            check.ssh_key,
            placeholder_text=_SSH_PLACEHOLDER,
            final_newline=True,
            multiline=True,
        ),
        SecretSpec("gitToken", "the token that reads the DAG repository", check.present),
        SecretSpec("smtpPassword", "the mail server's password", check.present),
        SecretSpec(
            "slackUrl",
            "the Slack webhook that failing DAGs and alerts write to",
            check.url,
            placeholder_text=_URL_PLACEHOLDER,
        ),
        SecretSpec(
            "registryConfig",
            "a docker config.json that pulls from a registry elsewhere",
            check.docker_config,
            placeholder_text='{{"auths":{{"registry.your-company.com":{{"auth":"plan-placeholder-{number}"}}}}}}',
            multiline=True,
        ),
        SecretSpec("grafanaPassword", "Grafana's administrator", check.password, _password, per_release=False),
        SecretSpec(
            "slackBotToken",
            "the Slack bot's token, xoxb-…, which writes messages (docs/delivery.md)",
            check.slack_bot,
            placeholder_text="xoxb-plan-placeholder-{number}",
            per_release=False,
        ),
        SecretSpec(
            "slackAppToken",
            "the Slack app's token, xapp-…, which opens the bot's socket (docs/delivery.md)",
            check.slack_app,
            placeholder_text="xapp-plan-placeholder-{number}",
            per_release=False,
        ),
        SecretSpec("deliveryToken", "the GitHub token of the bot (docs/delivery.md)", check.present, per_release=False),
        SecretSpec(
            "circleciToken", "the CircleCI token of the bot, where it delivers", check.present, per_release=False
        ),
        SecretSpec(
            "kubeconfig",
            "the kubeconfig of an existing cluster, instead of a path",
            check.kubeconfig,
            placeholder_text="apiVersion: v1\nkind: Config\n# plan-placeholder-{number}\n",
            per_release=False,
            final_newline=True,
            multiline=True,
        ),
    )
}
