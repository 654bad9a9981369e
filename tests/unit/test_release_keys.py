"""What stands in a release's Secrets."""

import base64
import json
from urllib.parse import unquote, urlsplit

import pytest

from infra.airflow import credentials
from infra.settings import read, required_secrets
from infra.settings.release.dags import GitRepository
from tests.unit.stacks import LOCAL, flat

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"


@pytest.mark.parametrize("password", ["plain", "a:b/c@d", "100% ünï & more?#"])
def test_a_password_survives_the_url(password: str) -> None:
    url = credentials.database_url("airflow_main", password, "db.acme.internal", 5432, "airflow_main")
    assert "sslmode" not in url
    read_back = urlsplit(url)
    assert (unquote(str(read_back.password)), read_back.hostname, read_back.port) == (
        password,
        "db.acme.internal",
        5432,
    )
    for kind, port in (("redis", 6379), ("rabbitmq", 5672)):
        broker = urlsplit(credentials.broker_url(kind, password, "broker"))
        assert (unquote(str(broker.password)), broker.port) == (password, port)


@pytest.mark.parametrize("given", [KEY, KEY + "\n", base64.b64encode(KEY.encode()).decode()])
def test_an_ssh_key_is_taken_raw_or_in_base64_and_ends_in_a_newline(given: str) -> None:
    assert credentials.ssh_key(given) == KEY + "\n"


def test_a_bundles_server_is_known_beforehand() -> None:
    access = GitRepository.model_validate(
        {"name": "a", "repository": "git@h:a.git", "auth": "sshKey", "knownHosts": "h ssh-ed25519 AAAA"}
    )
    extra = json.loads(credentials.git_connection(access, KEY))["extra"]
    assert extra["strict_host_key_checking"] == "yes"
    assert extra["private_key"].endswith("\n")


def test_connections_of_mail_and_slack() -> None:
    email = {"host": "smtp.acme.org", "user": "airflow", "sender": "airflow@acme.org"}
    release = read(flat({**LOCAL, "releases": [{"name": "main", "email": email}]})).releases[0]
    smtp = json.loads(credentials.smtp_connection(release, "secret"))
    assert (smtp["login"], smtp["password"], smtp["extra"]["disable_ssl"]) == ("airflow", "secret", True)
    slack = json.loads(credentials.slack_connection("https://hooks.slack.com/services/T/B/x"))
    assert (slack["host"], slack["password"]) == ("https://hooks.slack.com/services/", "T/B/x")


def _needed(**release: object) -> set[str]:
    return {one.key for one in required_secrets(read(flat({**LOCAL, "releases": [{"name": "main", **release}]})))}


def test_secrets_are_asked_for_as_the_release_needs_them() -> None:
    usual = _needed()
    assert "brokerPassword" not in usual
    celery = {"executor": "CeleryExecutor", "celery": {"broker": "redis", "flower": True}}
    assert _needed(**celery) - usual == {"brokerPassword", "resultPassword", "flowerPassword"}
    git = {"repository": "https://h/a.git", "auth": "token"}
    assert _needed(dags={"kind": "git", **git}) - usual == {"gitToken"}
    assert _needed(dags={"kind": "bundle", "repositories": [{"name": "a", **git}]}) - usual == {"gitToken"}
    assert _needed(slack=True) - usual == {"slackUrl"}
    assert _needed(image={"pullSecret": True}) - usual == {"registryConfig"}
