"""Names obey each cloud's rules for whatever project, stack and release there is, and never collide."""

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.names import OWN_NAMESPACES, Names, schema

# not by regular expressions, which Hypothesis draws from several times as slowly
LOWER, DIGITS = string.ascii_lowercase, string.digits


def words(first: str, rest: str, longest: int, last: str = "") -> st.SearchStrategy[str]:
    ends = [st.sampled_from(last)] if last else []
    return st.tuples(st.sampled_from(first), st.text(rest, max_size=longest), *ends).map("".join)


WORD = words(string.ascii_letters + DIGITS, string.ascii_letters + DIGITS + "_.-", 60)
NAMES = st.builds(Names, WORD, WORD, st.none() | words(LOWER, LOWER + DIGITS, 20))
PARTS = st.lists(words(LOWER, LOWER + DIGITS + "-", 28, LOWER + DIGITS), max_size=3)


@given(NAMES, PARTS)
@pytest.mark.guarantee("a name that cannot be used everywhere")
def test_every_name_is_legal(names: Names, parts: list[str]) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,61}[a-z0-9]|[a-z]", names.resource(*parts))
    assert "--" not in names.resource(*parts)
    assert re.fullmatch(r"[a-z][a-z0-9]{2,23}", names.storage_account(*parts))
    assert re.fullmatch(r"[a-z][a-z0-9]{4,49}", names.container_registry(*parts))
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,22}[a-z0-9]", names.key_vault(*parts))
    assert "--" not in names.key_vault(*parts)
    for name in (names.database_server(*parts), names.bucket(*parts)):
        assert re.fullmatch(r"[a-z][a-z0-9-]{1,61}[a-z0-9]", name)
        assert "--" not in name


@given(NAMES, PARTS, NAMES, PARTS)
def test_two_things_never_share_a_name(one: Names, parts: list[str], other: Names, others: list[str]) -> None:
    if (one, parts) == (other, others):
        return
    assert one.storage_account(*parts) != other.storage_account(*others)
    assert one.container_registry(*parts) != other.container_registry(*others)
    assert one.key_vault(*parts) != other.key_vault(*others)
    assert one.database_server(*parts) != other.database_server(*others)
    assert one.bucket(*parts) != other.bucket(*others)


@given(NAMES, PARTS, PARTS)
def test_two_parts_of_a_stack_never_share_a_name(names: Names, parts: list[str], others: list[str]) -> None:
    if parts != others:
        assert names.resource(*parts) != names.resource(*others)


def test_words_that_join_to_the_same_text_stay_apart() -> None:
    names = Names("airflow", "production")
    assert names.resource("a-b", "c") != names.resource("a", "b-c")
    assert names.storage_account("ab", "c") != names.storage_account("a", "bc")
    assert Names("airflow", "a-b").resource() != Names("airflow-a", "b").resource()


def test_no_part_of_the_stack_stands_in_a_namespace_that_releases_may_take() -> None:
    text = "".join(path.read_text() for path in (Path(__file__).parents[2] / "infra").rglob("*.py"))
    parts = re.findall(r'site\.namespace\("([a-z-]+)"\)', text, re.IGNORECASE)
    parts += re.findall(r'(?:namespace = .*|namespace=)names\.resource\("([a-z-]+)"\)', text)
    assert {"database", "monitoring", "chaos"} <= set(parts) <= set(OWN_NAMESPACES)


def test_short_names_read_as_a_person_would_write_them() -> None:
    assert Names("airflow", "production").resource("main") == "airflow-production-main"


@given(PARTS)
def test_tags_and_labels(one: list[str]) -> None:
    names = Names("airflow", "-".join(one) or "x")
    assert names.tags({"owner": "data"}).items() >= {"owner": "data", "stack": names.stack}.items()
    assert all(len(value) <= 63 for value in names.labels("scheduler").values())


def test_a_release_has_a_database_name_of_its_own() -> None:
    assert schema("main") == "airflow_main"
    assert schema("a-b") != schema("ab")
    # A release name has no underscore (settings.base.Slug), so that folding hyphens to them collides with nothing.
