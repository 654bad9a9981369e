"""The values of every combination against the chart's own schema and key list; no helm needed."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest

from infra.settings.chart_rules import chart_keys, option_names
from tests.chart.combinations import CASES, DATA, Case, defaults

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the chart's schema is not at {DATA}")


@cache
def _validator() -> Any:
    schema = json.loads((DATA / "values.schema.json").read_text())
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.guarantee("an unknown or guarded chart value")
def test_values_keep_the_schema_and_hold_known_keys_alone(case: Case) -> None:
    given = case.values()
    assert [error.message for error in _validator().iter_errors(given)] == []
    assert given.keys() <= chart_keys()
    known = option_names()
    unknown = {f"{section}.{option}" for section, options in given["config"].items() for option in options} - {
        f"{section}.{option}" for section, options in known.items() for option in options
    }
    assert not unknown


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_service_account_is_named_where_the_chart_makes_none(case: Case) -> None:
    """Without its own name a component runs as the namespace's `default`, with no identity and no rights."""
    unnamed = [path for path, account in _accounts(case.values()) if not account["create"] and not account.get("name")]
    assert set(unnamed) <= {"migrateDatabaseJob", "createUserJob"}, "only what is off needs none"


def _accounts(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in values.items():
        if key == "serviceAccount":
            yield path, value
        elif isinstance(value, dict):
            yield from _accounts(value, f"{path}.{key}".lstrip("."))


def test_the_key_list_is_the_charts() -> None:
    assert chart_keys() == defaults().keys()


def _paths(value: Any, known: Any, path: tuple[str, ...] = ()) -> list[str]:
    """Keys that the chart's defaults do not have; below an empty default anything goes."""
    if not isinstance(value, dict) or not isinstance(known, dict) or not known:
        return []
    missing = [".".join((*path, key)) for key in value if key not in known]
    below = [found for key in value if key in known for found in _paths(value[key], known[key], (*path, key))]
    return missing + below


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_value_is_misspelt_at_any_depth(case: Case) -> None:
    own = {key: value for key, value in case.values().items() if key != "config"}
    # Optional keys that the defaults only mention in comments.
    optional = {"sshKeySecret", "knownHosts", "credentialsSecret"}
    assert set(_paths(own, defaults())) <= {*(f"dags.gitSync.{key}" for key in optional), "logs.emptyDirConfig"}
