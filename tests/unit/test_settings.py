"""Settings are refused all at once, each with key, value, rule and cure."""

from typing import Any

import pytest

from infra.settings import Settings, SettingsError, read
from infra.settings.figures import Figures
from infra.settings.sizes import TABLE
from tests.unit.stacks import LOCAL, flat, problems


def with_cloud(**more: Any) -> dict[str, Any]:
    return {**LOCAL, "cloud": {**LOCAL["cloud"], **more}}


def test_a_good_stack_is_read() -> None:
    settings = read(flat(LOCAL))
    assert isinstance(settings, Settings)
    assert settings.sized.scheduler.replicas == TABLE[settings.size]["scheduler"]["replicas"]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(flat(LOCAL)).size = "large"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.guarantee("an unknown cloud")
def test_an_unknown_cloud() -> None:
    found = problems({**LOCAL, "cloud": {"kind": "gcp"}})["airflow:cloud.kind"]
    assert found.value == "gcp"
    assert "aws" in found.rule
    assert "existing" in found.rule


@pytest.mark.parametrize(
    ("cloud", "key", "kinds"),
    [
        ({}, "airflow:cloud.kind", "aws, azure, existing"),
        ({"kind": "aws", "network": {"nat": "one"}}, "airflow:cloud.network.kind", "new, existing"),
        ({"kind": "existing", "files": {"kind": "nfs"}}, "airflow:cloud.files.kind", "storageClass, hostPath"),
    ],
)
def test_a_kind_that_is_missing_or_wrong_names_those_of_its_place(cloud: dict[str, Any], key: str, kinds: str) -> None:
    assert problems({**LOCAL, "cloud": {"account": "1", **cloud}})[key].rule == f"one of {kinds}"


@pytest.mark.parametrize(
    ("values", "key", "cure"),
    [
        ({"teir": "local"}, "airflow:teir", "airflow:tier"),
        ({"relases": []}, "airflow:relases", "airflow:releases"),
        ({"fernetkey": "x"}, "airflow:fernetkey", "airflow:fernetKey"),
        ({"main.jwtsecret": "x"}, "airflow:main.jwtsecret", "main.jwtSecret"),
        ({"cloud": {"kind": "existing", "contxt": "x"}}, "airflow:cloud.contxt", "context"),
        ({"releases": [{"name": "main", "hots": "x"}]}, "airflow:releases[0].hots", "host"),
        ({"figures": {"scheduler": {"replica": 3}}}, "airflow:figures.scheduler.replica", "replicas"),
        ({"airlfow:tier": "local"}, "airlfow:tier", "airflow:"),
        ({"aws:region": "eu-west-1"}, "aws:region", "airflow:"),
    ],
)
@pytest.mark.guarantee("a misspelt key")
def test_a_misspelt_key_names_its_nearest_neighbour(values: dict[str, Any], key: str, cure: str) -> None:
    assert cure in problems({**LOCAL, **values})[key].cure


@pytest.mark.guarantee("a missing key")
def test_all_missing_keys_are_listed_at_once() -> None:
    database = {"kind": "external"}
    found = problems({"cloud": {"kind": "existing", "database": database}})
    assert {"airflow:tier", "airflow:cloud.context", "airflow:cloud.database.host"} <= found.keys()


def test_the_declared_empty_default_counts_as_missing() -> None:
    assert problems({**LOCAL, "tier": ""})["airflow:tier"].rule == "required"


@pytest.mark.guarantee("everything wrong is told at once")
def test_field_and_cross_field_problems_appear_together() -> None:
    found = problems(
        {**LOCAL, "tier": "production", "ephemeral": "true", "size": "huge", "cloud": {"kind": "existing"}}
    )
    assert {"airflow:size", "airflow:ephemeral", "airflow:cloud.context", "airflow:cloud.database.kind"} <= found.keys()


@pytest.mark.guarantee("everything wrong is told at once")
def test_the_text_names_key_value_rule_and_cure() -> None:
    with pytest.raises(SettingsError) as caught:
        read(flat({**LOCAL, "size": "huge"}))
    text = str(caught.value)
    assert 'airflow:size = "huge"' in text
    assert "rule: " in text
    assert "cure: " in text
    assert "nothing was created" in text


@pytest.mark.parametrize("name", ["Main", "a--b", "a.b", "-a", "a" * 31, "", 'a"b', "a\\b"])
@pytest.mark.guarantee("a name that cannot be used everywhere")
def test_a_release_name_out_of_its_alphabet(name: str) -> None:
    assert "airflow:releases[0].name" in problems({**LOCAL, "releases": [{"name": name}]})


@pytest.mark.parametrize("prefix", ["a--b", 'a"b', "a\\b", "A", "1a"])
@pytest.mark.guarantee("a name that cannot be used everywhere")
def test_a_prefix_out_of_its_alphabet(prefix: str) -> None:
    assert "airflow:prefix" in problems({**LOCAL, "prefix": prefix})


@pytest.mark.parametrize("name", ["size", "tier", "settings"])
def test_a_release_is_no_top_level_key(name: str) -> None:
    assert "top-level" in problems({**LOCAL, "releases": [{"name": name}]})["airflow:releases[0].name"].rule


def test_two_releases_of_one_name() -> None:
    assert "airflow:releases[1].name" in problems({**LOCAL, "releases": [{"name": "a"}, {"name": "a"}]})


@pytest.mark.parametrize("secret", ["fernetKey", "databasePassword"])
@pytest.mark.guarantee("a secret in the clear")
def test_a_secret_inside_an_object(secret: str) -> None:
    found = problems(with_cloud(**{secret: "hunter2-hunter2"}))[f"airflow:cloud.{secret}"]
    assert "pulumi config set --secret" in found.cure
    assert "hunter2" not in str(found)


def test_the_owner_is_asked_for() -> None:
    assert "airflow:tags.owner" in problems({**LOCAL, "tier": "integration"})
    assert "airflow:tags.owner" not in problems({**LOCAL, "tier": "integration", "tags": {"owner": "data"}})


@pytest.mark.guarantee("production without its protection")
def test_production_is_not_ephemeral_and_has_no_chaos() -> None:
    found = problems({**LOCAL, "tier": "production", "ephemeral": "true", "platform": {"chaos": "on"}})
    assert {"airflow:ephemeral", "airflow:platform.chaos.state"} <= found.keys()


@pytest.mark.parametrize("size", list(TABLE))
@pytest.mark.guarantee("a node that is drained")
def test_every_size_is_whole(size: str) -> None:
    figures = Figures.model_validate(TABLE[size])  # pyright: ignore[reportArgumentType]
    for component in (figures.scheduler, figures.api_server, figures.ingress):
        assert component.replicas >= 2  # what serves stands twice, at every size
    for cloud in (figures.aws, figures.azure):
        assert cloud.system.min >= 2
        assert cloud.system.min <= cloud.system.desired <= cloud.system.max
        assert cloud.price.usd > 0


def test_a_figure_is_overridden_alone() -> None:
    settings = read(flat({**LOCAL, "figures": {"scheduler": {"memory": "3Gi"}}}))
    assert settings.sized.scheduler.memory == "3Gi"
    assert settings.sized.scheduler.cpu == TABLE[settings.size]["scheduler"]["cpu"]


def test_json_that_does_not_parse() -> None:
    assert "airflow:tags" in problems({**LOCAL, "tags": "{broken"})


@pytest.mark.parametrize("word", ["on", "existing", "off"])
def test_a_part_may_be_a_bare_word(word: str) -> None:
    assert "airflow:platform.dns" not in problems({**LOCAL, "platform": {**LOCAL["platform"], "dns": word}})
    assert "airflow:platform.dns.state" in problems({**LOCAL, "platform": {"dns": f"{word}!"}})
