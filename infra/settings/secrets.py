"""The secrets that a stack's settings ask for, and their values as secret outputs."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import pulumi

from infra.names import login
from infra.settings.base import NotParsed, has_parsed
from infra.settings.existing import ExistingCloud
from infra.settings.known_keys import NAMESPACE, is_secret_key
from infra.settings.model import Settings
from infra.settings.problems import Problem
from infra.settings.release import BundleDags, GitDags, Release
from infra.settings.secret_keys import SECRETS, SecretKey


def required_secrets(settings: Settings) -> tuple[SecretKey, ...]:
    """Every secret that these settings need, sorted by key; what is needed never follows from a secret's content.

    Of settings that did not all parse, what can be told.
    """
    keys = {SecretKey("databasePassword", SECRETS["databasePassword"])}
    with suppress(NotParsed):
        keys.update(SecretKey(name, SECRETS[name]) for name in _stack_wide(settings))
    releases = _releases(settings)
    for name, release in releases.items():
        with suppress(NotParsed):
            for kind in _of_release(release):
                own = len(releases) > 1 or kind == "databasePassword"
                keys.add(SecretKey(f"{name}.{kind}" if own else kind, SECRETS[kind], name))
    return tuple(sorted(keys, key=lambda secret: secret.key))


def nameless(settings: Settings, held: Collection[str]) -> dict[str, tuple[SecretKey, ...]]:
    """Keys without a release's name that served one release, where now several ask for one each: who has none of its
    own yet, in the file's order.

    `held` are the keys that are set. A key that the whole stack needs too is none of them once one release has its own.
    """
    releases, found = list(_releases(settings)), dict[str, tuple[SecretKey, ...]]()
    required = required_secrets(settings)
    whole = {secret.key for secret in required if secret.release is None}
    for name in sorted(set(SECRETS) & set(held)):
        asked = [secret for secret in required if secret.spec.name == name and secret.key == f"{secret.release}.{name}"]
        lacking = [secret for secret in asked if secret.key not in held]
        if len(releases) > 1 and lacking and name != "databasePassword" and (name not in whole or lacking == asked):
            found[name] = tuple(sorted(lacking, key=lambda secret: releases.index(str(secret.release))))
    return found


def _releases(settings: Settings) -> dict[str, Release]:
    """The releases by name, as far as they parsed."""
    releases = settings.releases if has_parsed(settings, "releases") else ()
    return {release.name: release for release in releases if has_parsed(release, "name")}


def _stack_wide(settings: Settings) -> Iterator[str]:
    cloud = settings.cloud
    if isinstance(cloud, ExistingCloud) and cloud.kubeconfig == "secret":
        yield "kubeconfig"
    monitoring = settings.platform.monitoring
    if monitoring.state == "on":
        yield "grafanaPassword"
        if monitoring.alerts.slack:
            yield "slackUrl"
        if monitoring.alerts.email and monitoring.alerts.email.user:
            yield "smtpPassword"
    if settings.platform.bot.state == "on":
        yield from ("slackBotToken", "slackAppToken", "deliveryToken")
        if settings.platform.bot.delivery == "circleci":
            yield "circleciToken"


def _of_release(release: Release) -> Iterator[str]:
    yield from ("adminPassword", "apiSecretKey", "databasePassword", "fernetKey", "jwtSecret", "settings")
    if release.on_celery:
        yield from ("brokerPassword", "resultPassword")
        if release.celery and release.celery.flower:
            yield "flowerPassword"
    credentials = {"sshKey": "gitSshKey", "token": "gitToken"}
    yield from (credentials[auth] for auth in sorted(_git_auth(release)) if auth in credentials)
    if release.email and release.email.user:
        yield "smtpPassword"
    if release.slack:
        yield "slackUrl"
    if release.image.pull_secret:
        yield "registryConfig"


def _git_auth(release: Release) -> set[str]:
    if isinstance(release.dags, GitDags):
        return {release.dags.auth}
    return {one.auth for one in release.dags.repositories} if isinstance(release.dags, BundleDags) else set()


@dataclass(frozen=True)
class Secrets:
    """Values by key. What leaves towards a resource is a secret Output; only tests look at `plain`."""

    plain: Mapping[str, str]

    def output(self, key: str) -> pulumi.Output[str]:
        """The secret of the whole stack with this name."""
        return pulumi.Output.secret(self.plain[key])

    def of(self, release: Release) -> "ReleaseSecrets":
        """The secrets of one release."""
        return ReleaseSecrets(self, release.name)

    def __contains__(self, key: str) -> bool:
        return key in self.plain

    def __repr__(self) -> str:
        return f"Secrets({', '.join(sorted(self.plain))})"


@dataclass(frozen=True)
class ReleaseSecrets:
    """A release's view: its own key where there is one, else the stack's (but never the administrator's password)."""

    secrets: Secrets
    release: str

    def output(self, name: str) -> pulumi.Output[str]:
        """The secret of this name for this release."""
        own = f"{self.release}.{name}"
        return self.secrets.output(own if own in self.secrets else name)

    def login(self, role: str, name: str) -> pulumi.Output[str]:
        """The login of a PostgreSQL role whose password is the secret of this name; it is none itself."""
        return pulumi.Output.unsecret(self.output(name).apply(lambda password: login(role, password)))


def take(settings: Settings, config: Mapping[str, str], encrypted: frozenset[str]) -> tuple[Secrets, list[Problem]]:
    """The secrets out of a flat config, with what is wrong with them; no problem ever holds a value."""
    problems: list[Problem] = []
    plain: dict[str, str] = {}
    releases = _releases(settings)
    for full, value in config.items():
        namespace, _, key = full.partition(":")
        if namespace != NAMESPACE or not is_secret_key(key) or value == "":
            continue
        release, _, name = key.rpartition(".")
        spec = SECRETS[name]
        if full not in encrypted:
            problems.append(Problem(full, "a secret is never in the clear", _command(key)))
        elif release and has_parsed(settings, "releases") and release not in releases:
            problems.append(
                Problem(full, f"no release is named {release}", f"`pulumi config rm {full}`, or add the release")
            )
        elif broken := spec.check(value):
            problems.append(Problem(full, broken, _command(key)))
        # Piped input loses its last newline, without which OpenSSH refuses a key.
        plain[key] = value.rstrip("\n") + "\n" if spec.final_newline else value
    problems += _missing(settings, plain)
    problems += _equal(plain)
    problems += _like_the_user(releases, plain)
    return Secrets(plain), problems


def _missing(settings: Settings, plain: Mapping[str, str]) -> Iterator[Problem]:
    stranded = nameless(settings, plain.keys())
    for name, lacking in stranded.items():
        whose = " or ".join(str(secret.release) for secret in lacking)
        rule = f"with more than one release each has its own, and this one is not yet {whose}'s"
        cure = "`make secrets STACK=…` moves it to the release that has used it, still encrypted"
        yield Problem(f"{NAMESPACE}:{name}", rule, cure)
    told = {secret.key for lacking in stranded.values() for secret in lacking}
    for secret in required_secrets(settings):
        if secret.key in told:
            continue
        own = f"{secret.release}.{secret.spec.name}"
        if secret.key not in plain and own not in plain:
            cure = (
                f"`make secrets` makes it, or {_command(secret.key)}" if secret.spec.generate else _command(secret.key)
            )
            yield Problem(f"{NAMESPACE}:{secret.key}", f"required: {secret.spec.purpose}", cure)


def _equal(plain: Mapping[str, str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key in sorted(plain):
        name = key.rpartition(".")[2]
        if SECRETS[name].generate is None:
            continue
        first = seen.setdefault(plain[key], key)
        if first != key:
            yield Problem(
                f"{NAMESPACE}:{key}", f"differs from every other secret, and is equal to {first}", _command(key)
            )


def _like_the_user(releases: Mapping[str, Release], plain: Mapping[str, str]) -> Iterator[Problem]:
    for name, release in releases.items():
        key = f"{name}.adminPassword" if f"{name}.adminPassword" in plain else "adminPassword"
        user = release.admin.username if has_parsed(release, "admin") else ""
        if user and plain.get(key, "").lower() == user.lower():
            yield Problem(f"{NAMESPACE}:{key}", f"not the name of {name}'s administrator", _command(key))


def _command(key: str) -> str:
    file = " < FILE" if SECRETS[key.rpartition(".")[2]].multiline else ""
    return f"`pulumi config set --secret {NAMESPACE}:{key}{file}`"
