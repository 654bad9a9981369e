"""Whatever stands in a settings file: it is taken or refused in words of the rules' own, and no value is ever told."""

import json
import sys
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "infra" / "airflow" / "sync"))

from settings_file import BadSettings
from settings_rules import Settings, check

SECRET = "s3cr3tValue"
NAMES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))  # these may be told
SCALARS = NAMES | st.just(SECRET)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
TEXTS = ("type", "host", "login", "password", "port", "schema", "extra", "uri", "description")
OTHERS = ("slots", "role", "roles", "email", "include_deferred", "x")
ENTRY = st.fixed_dictionaries(
    {}, optional={key: NAMES for key in ("id", "name", "username")} | {key: VALUES for key in (*TEXTS, *OTHERS)}
)
SECTIONS = st.sampled_from(["connections", "variables", "pools", "users", "other"])
DOCUMENTS = st.fixed_dictionaries({"airflow": st.dictionaries(SECTIONS, VALUES | st.lists(VALUES | ENTRY, max_size=3))})
RAW = st.binary() | st.text().map(lambda text: f"airflow: {{variables: {{a: {text}}}}}".encode())


def taken_or_refused(raw: bytes) -> Settings | None:
    try:
        return check(raw)
    except BadSettings as error:
        problems = error.problems
    assert problems
    assert not any(SECRET in problem for problem in problems)
    return None


@settings(max_examples=300, deadline=None, derandomize=True)
@given(DOCUMENTS)
def test_any_document_is_taken_or_refused(document: dict[str, object]) -> None:
    found = taken_or_refused(yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "surrogatepass"))
    if found:
        json.dumps([found.connections, found.variables, found.pools, found.users]).encode()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(RAW)
def test_any_bytes_are_taken_or_refused(raw: bytes) -> None:
    taken_or_refused(raw)
