"""Secrets: which a stack needs, what may stand in them, and that no message shows one."""

import base64

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.config import set_all_config

from infra.names import Names
from infra.settings import SECRETS, Problem, Settings, SettingsError, is_secret_key, load, read, required_secrets
from infra.settings.secrets import take
from tests.unit.stacks import LOCAL, flat
from tests.unit.stacks import problems as problems_of

CANARY = "canary-7f3e"


def settings(*releases: str) -> Settings:
    return read(flat({**LOCAL, "releases": [{"name": name} for name in releases]}))


def found(key: str, value: str, *, encrypted: bool = True) -> list[str]:
    one = f"airflow:{key}"
    _, problems = take(settings("main"), {one: value}, frozenset({one} if encrypted else ()))
    assert all(problem.value is None for problem in problems)
    return [problem.rule for problem in problems if problem.key == one]


def keys(*releases: str) -> set[str]:
    return {secret.key for secret in required_secrets(settings(*releases))}


def test_one_release_takes_flat_keys_but_a_database_password_of_its_own() -> None:
    assert {"databasePassword", "main.databasePassword", "fernetKey", "jwtSecret", "adminPassword"} <= keys("main")


def test_two_releases_have_keys_of_their_own() -> None:
    assert {"a.fernetKey", "b.fernetKey", "a.jwtSecret", "b.databasePassword", "databasePassword"} <= keys("a", "b")
    assert "fernetKey" not in keys("a", "b")


@pytest.mark.parametrize("spec", SECRETS.values(), ids=lambda spec: spec.name)
def test_what_is_generated_or_stands_in_is_valid_and_distinct(spec: object) -> None:
    assert hasattr(spec, "check")
    made = [spec.placeholder(number) for number in range(1, 40)]  # pyright: ignore
    if spec.generate:  # pyright: ignore
        made += [spec.generate() for _ in range(20)]  # pyright: ignore
    assert [spec.check(value) for value in made] == [None] * len(made)  # pyright: ignore
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("databasePassword", "short"),
        *[("databasePassword", f"long-enough-{bad}-password") for bad in ("/", "@", '"', "'", "\\", " ", "é", "\t")],
        ("fernetKey", "not-a-key"),
        ("fernetKey", base64.urlsafe_b64encode(b"x" * 31).decode()),
        ("fernetKey", base64.urlsafe_b64encode(b"x" * 32).decode() + ",nope"),
        ("jwtSecret", "x" * 31),
        ("apiSecretKey", "x" * 31),
        ("adminPassword", "admin"),
        ("adminPassword", "aaaaaaaaaaaaaaaa"),
        ("flowerPassword", "long-enough-1,x:y"),
        ("gitSshKey", "ssh-rsa AAAA"),
        ("flowerPassword", "long-enough,other:user"),
        ("slackUrl", "http://plain"),
        ("registryConfig", "user:password"),
        ("registryConfig", "{}"),
        ("kubeconfig", "~/.kube/config"),
        ("kubeconfig", "a: [b"),
    ],
)
@pytest.mark.guarantee("a weak or malformed secret", "no message shows a secret")
def test_a_bad_secret_is_refused_without_being_shown(key: str, value: str) -> None:
    assert found(key, value)


def test_a_fernet_list_rotates() -> None:
    two = ",".join(base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"a", b"b"))
    assert found("fernetKey", two) == []


@pytest.mark.guarantee("a secret in the clear")
def test_a_secret_in_the_clear_is_refused() -> None:
    assert found("jwtSecret", "x" * 40, encrypted=False) == ["a secret is never in the clear"]


@pytest.mark.guarantee("two equal secrets")
def test_two_equal_secrets() -> None:
    config = {"airflow:jwtSecret": CANARY * 5, "airflow:apiSecretKey": CANARY * 5}
    _, problems = take(settings("main"), config, frozenset(config))
    assert any("differs" in problem.rule and problem.key == "airflow:jwtSecret" for problem in problems)
    assert all(CANARY not in str(problem) for problem in problems)


def test_a_secret_of_no_release() -> None:
    assert "no release" in found("other.jwtSecret", "x" * 40)[0]


def test_the_final_newline_that_piping_lost_is_restored() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----"
    secrets, _ = take(settings("main"), {"airflow:gitSshKey": key}, frozenset({"airflow:gitSshKey"}))
    assert secrets.plain["gitSshKey"] == key + "\n"
    assert repr(secrets) == "Secrets(gitSshKey)"


@given(st.text(max_size=30))
def test_only_known_secrets_are_secret_keys(word: str) -> None:
    assert is_secret_key(word) == (word in SECRETS) or "." in word


@pytest.mark.parametrize("key", ["a.b.fernetKey", ".fernetKey", "main.grafanaPassword", "cloud.databasePassword"])
def test_what_looks_like_a_secrets_key(key: str) -> None:
    assert not is_secret_key(key)
    cure = problems_of({**LOCAL, key: CANARY})[f"airflow:{key}"].cure
    assert f":{key}" not in cure
    assert f":{key.rpartition('.')[2]}" in cure or "b.fernetKey" in cure or "fernetKey" in cure


def test_a_run_refuses_marked_and_missing_and_hidden_values_at_once() -> None:
    config = flat({**LOCAL, "cloud": {"kind": "existing", "context": "CHANGE-ME: mine"}, "tags": {"owner": "x"}})
    config["airflow:jwtSecret"] = CANARY * 5
    set_all_config(config, ["airflow:tags"])
    with pytest.raises(SettingsError) as caught:
        load()
    said = {problem.key for problem in caught.value.problems}
    assert {"airflow:cloud.context", "airflow:tags", "airflow:fernetKey", "airflow:jwtSecret"} <= said
    assert CANARY not in str(caught.value)


def refused(config: dict[str, str], *encrypted: str) -> dict[str, Problem]:
    set_all_config(config, list(encrypted))
    with pytest.raises(SettingsError) as caught:
        load()
    assert CANARY not in str(caught.value)
    return {problem.key: problem for problem in caught.value.problems}


def test_a_run_is_checked_beyond_its_marks() -> None:
    cloud = {"kind": "existing", "context": "CHANGE-ME: mine", "nodePort": 80, "kubeconfig": "CHANGE-ME"}
    said = refused(flat({**LOCAL, "cloud": cloud}))
    assert said["airflow:cloud.context"].value == "CHANGE-ME: mine"
    assert {"airflow:cloud.kubeconfig", "airflow:cloud.nodePort"} <= said.keys()


@pytest.mark.guarantee("everything wrong is told at once")
def test_secrets_are_checked_beside_wrong_settings() -> None:
    config = {**flat({**LOCAL, "size": "huge"}), "airflow:fernetKey": CANARY, "airflow:adminPassword": CANARY}
    assert {"airflow:size", "airflow:fernetKey", "airflow:adminPassword", "airflow:jwtSecret"} <= refused(
        config, "airflow:fernetKey"
    ).keys()
    assert "airflow:main.jwtSecret" not in refused({**config, "airflow:releases": "[{name: 1}]"})


@pytest.mark.guarantee("no message shows a secret")
def test_what_is_encrypted_is_not_told() -> None:
    cloud = {"kind": "existing", "context": ["a"], "token": CANARY, "nodePort": CANARY}
    said = refused(flat({**LOCAL, "cloud": cloud}), "airflow:cloud")
    assert [key for key in said if key.startswith("airflow:cloud")] == ["airflow:cloud"]


@pytest.mark.guarantee("a misspelt key")
def test_an_encrypted_typo_names_its_neighbour() -> None:
    said = refused({**flat(LOCAL), "airflow:fernetKy": CANARY}, "airflow:fernetKy")
    assert "airflow:fernetKey" in said["airflow:fernetKy"].cure


def test_a_release_takes_no_namespace_of_the_stacks_own() -> None:
    own = Names(pulumi.get_project(), pulumi.get_stack()).resource("database")
    releases = [{"name": "main", "namespace": own}]
    assert "airflow:releases[0].namespace" in refused(flat({**LOCAL, "releases": releases}))


@pytest.mark.parametrize("word", ["airflow-airflow", "PostgresPostgres", "changeme-changeme", "1234567890123456"])
@pytest.mark.guarantee("a default password")
def test_a_default_password(word: str) -> None:
    assert found("databasePassword", f"{word}-1") == found("adminPassword", word) != []


@pytest.mark.guarantee("a default password")
def test_an_administrator_is_no_password() -> None:
    values = {**LOCAL, "releases": [{"name": "main", "admin": {"username": "Jane.Doe-Smith"}}]}
    config = {"airflow:adminPassword": "jane.doe-smith"}
    _, problems = take(read(flat(values)), config, frozenset(config))
    assert "name of main's" in " ".join(problem.rule for problem in problems)


def test_a_whole_stack_loads() -> None:
    config = flat(LOCAL)
    needed = required_secrets(read(config))
    for number, secret in enumerate(needed):
        config[f"airflow:{secret.key}"] = secret.spec.placeholder(number)
    set_all_config(config, [f"airflow:{secret.key}" for secret in needed])
    loaded, secrets = load()
    assert loaded == read(config)
    assert all(secret.key in secrets for secret in needed)
