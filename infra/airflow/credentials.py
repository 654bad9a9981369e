"""What stands in a release's Secrets: addresses with their passwords, connections as JSON, keys in their form. Pure."""

import base64
import json
from urllib.parse import quote

from infra.airflow import parts
from infra.settings.release import Release
from infra.settings.release.dags import Access


def database_url(user: str, password: str, host: str, port: int, database: str, query: str = "") -> str:
    """SQLAlchemy's URL. Without `sslmode`: asyncpg refuses it; PGSSLMODE and PGSSLROOTCERT say it to every driver."""
    return f"postgresql+psycopg2://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{database}{query}"


def libpq_url(url: str) -> str:
    """The same address for a client that is not SQLAlchemy."""
    return url.replace("postgresql+psycopg2://", "postgresql://", 1)


def broker_url(kind: str, password: str, host: str) -> str:
    """Celery's broker: Redis has a password alone, RabbitMQ a user and a virtual host of its own."""
    if kind == "redis":
        return f"redis://:{quote(password, safe='')}@{host}:{parts.REDIS_PORT}/0"
    return f"amqp://airflow:{quote(password, safe='')}@{host}:{parts.RABBITMQ_PORT}/airflow"


def ssh_key(text: str) -> str:
    """A private key as OpenSSH wants it, given as it is or in base64, with its final newline."""
    raw = text if text.lstrip().startswith("-----BEGIN") else base64.b64decode(text).decode()
    return raw.strip() + "\n"


def git_connection(access: Access, secret: str) -> str:
    """The connection (JSON) that reads a bundle's repository."""
    if access.auth == "token":
        return json.dumps({"conn_type": "git", "login": access.user, "password": secret})
    extra = {
        "private_key": ssh_key(secret),
        "strict_host_key_checking": "yes",
        "known_hosts_file": "/etc/git-access/known_hosts",
    }
    return json.dumps({"conn_type": "git", "extra": extra})


def smtp_connection(release: Release, password: str | None) -> str:
    """The connection `smtp_default` (JSON)."""
    email = release.email
    if email is None:
        raise ValueError(f"release {release.name} has no mail server")
    extra = {
        "from_email": email.sender,
        "disable_ssl": email.encryption != "tls",
        "disable_tls": email.encryption != "starttls",
    }
    given = {"login": email.user, "password": password} if email.user else {}
    return json.dumps({"conn_type": "smtp", "host": email.host, "port": email.port, **given, "extra": extra})


def slack_connection(url: str) -> str:
    """The connection `slack_default` (JSON) of an incoming webhook's address."""
    head, _, token = url.partition("/services/")
    return json.dumps({"conn_type": "slackwebhook", "host": f"{head}/services/", "password": token})
