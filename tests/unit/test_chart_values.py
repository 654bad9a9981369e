"""What the program gives to its charts against their keys and Airflow's options; no helm needed."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.settings import chart_schema
from infra.settings.chart_rules import option_names
from infra.settings.chart_schema import validator_for
from tests.charts import keys, pinned, written
from tests.charts.combinations import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.guarantee("an unknown or guarded chart value")
def test_airflows_values_hold_known_keys_and_options_alone(case: Case) -> None:
    given = case.values()
    # Ours stand in the old places too: not each of the chart's templates reads the new ones.
    errors = validator_for(chart_schema.kept()).iter_errors(given)
    assert [error.message for error in errors if error.validator != "instead"] == []
    known = option_names()
    unknown = {f"{section}.{option}" for section, options in given["config"].items() for option in options} - {
        f"{section}.{option}" for section, options in known.items() for option in options
    }
    assert not unknown
    assert set(keys.unknown(given, keys.known("airflow"))) <= keys.TAKEN["airflow"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_service_account_is_named_where_the_chart_makes_none(case: Case) -> None:
    """Without its own name a component runs as the namespace's `default`, with no identity and no rights."""
    unnamed = [path for path, account in _accounts(case.values()) if not account["create"] and not account.get("name")]
    assert set(unnamed) <= {"migrateDatabaseJob", "createUserJob"}, "only what is off needs none"


def _accounts(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in values.items():
        if key == "serviceAccount":
            yield path, value
        elif isinstance(value, dict):
            yield from _accounts(value, f"{path}.{key}".lstrip("."))


def test_the_top_level_keys_that_settings_know_are_the_charts() -> None:
    known = keys.known("airflow")
    assert chart_schema.kept()["properties"].keys() == {*known, *known[""]} - {""}


def test_every_chart_of_the_plans_is_checked() -> None:
    assert {*written.releases(), "airflow"} == pinned.CHARTS.keys() == pinned.pins().keys()


@pytest.mark.parametrize("chart", sorted(pinned.CHARTS.keys() - {"airflow"}))
def test_every_key_is_one_that_the_chart_has(chart: str) -> None:
    for values in written.values(chart):
        assert set(keys.unknown(values, keys.known(chart))) <= keys.TAKEN.get(chart, set())


@pytest.mark.parametrize("chart", pinned.CHARTS)
def test_a_misspelt_key_is_found(chart: str) -> None:
    values = next(iter(written.values(chart)))
    key, value = next((key, value) for key, value in values.items() if key not in keys.OPEN)
    assert list(keys.unknown({f"{key}s_": value}, keys.known(chart))) == [f"{key}s_"]
