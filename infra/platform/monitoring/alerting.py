"""Alertmanager's configuration: who hears of what. Pure, and without a secret: it names the files that hold them.

Keys: Prometheus's documentation, alerting/configuration (Alertmanager 0.28 and later; `*_file` since 0.25).
"""

from infra.platform.site import Values
from infra.settings.platform import Alerts, EmailAlerts, SlackAlerts

FOLDER = "/etc/alertmanager/secrets"
"""Where the operator mounts the Secrets that it is told of, each by its name."""

NOBODY, WARNINGS, CRITICAL = "nobody", "warnings", "critical"
_TITLE = "[{{ .Status | toUpper }}] {{ .CommonLabels.alertname }} {{ .CommonLabels.release }}"
_NOTE = "{{ .Annotations.summary }}\n{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n"
_TEXT = f"{{{{ range .Alerts }}}}{_NOTE}{{{{ end }}}}"


def needs_secret(alerts: Alerts) -> bool:
    """Whether a receiver logs in somewhere."""
    return alerts.slack is not None or bool(alerts.email and alerts.email.user)


def config(alerts: Alerts, secret: str) -> Values:
    """Warnings go to Slack and critical alerts to Slack and by mail; what is less than a warning goes nowhere.

    `secret` names the Secret with the keys `slackUrl` and `smtpPassword`.
    """
    slack = [_slack(alerts.slack, secret)] if alerts.slack else []
    email = [_email(alerts.email, secret)] if alerts.email else []
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": NOBODY,
            "group_by": ["alertname", "namespace", "release"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [
                {"matchers": ['severity = "critical"'], "receiver": CRITICAL, "repeat_interval": "1h"},
                {"matchers": ['severity = "warning"'], "receiver": WARNINGS},
            ],
        },
        "receivers": [
            {"name": NOBODY},
            {"name": WARNINGS, "slack_configs": slack},
            {"name": CRITICAL, "slack_configs": slack, "email_configs": email},
        ],
        "inhibit_rules": [
            {
                "source_matchers": ['severity = "critical"'],
                "target_matchers": ['severity = "warning"'],
                "equal": ["alertname", "namespace", "release"],
            }
        ],
        "templates": ["/etc/alertmanager/config/*.tmpl"],
    }


def _slack(slack: SlackAlerts, secret: str) -> Values:
    return {
        "api_url_file": f"{FOLDER}/{secret}/slackUrl",
        "channel": slack.channel,
        "send_resolved": True,
        "title": _TITLE,
        "text": _TEXT,
    }


def _email(email: EmailAlerts, secret: str) -> Values:
    login = {"auth_username": email.user, "auth_password_file": f"{FOLDER}/{secret}/smtpPassword"} if email.user else {}
    return {
        "to": ", ".join(email.to),
        "from": email.sender,
        "smarthost": f"{email.host}:{email.port}",
        "require_tls": True,
        "send_resolved": True,
        "headers": {"Subject": _TITLE},
        **login,
    }
