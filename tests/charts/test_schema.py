"""The values of every combination against the chart's own schema, and what the project keeps of each chart."""

import json
from functools import cache
from typing import Any

import jsonschema
import pytest

from infra.settings import chart_schema
from tests.charts import keys, pinned
from tests.charts.combinations import CASES, Case
from tests.charts.rendering import chart


@cache
def _validator() -> Any:
    schema = json.loads((chart("airflow") / "values.schema.json").read_text())
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.guarantee("an unknown or guarded chart value")
def test_values_keep_the_schema(case: Case) -> None:
    assert [error.message for error in _validator().iter_errors(case.values())] == []


def test_a_wrong_value_breaks_the_schema() -> None:
    assert list(_validator().iter_errors({**CASES[0].values(), "scheduler": {"replicas": "many"}}))


@pytest.mark.parametrize("name", pinned.CHARTS)
def test_what_is_kept_of_a_chart_is_the_charts(name: str) -> None:
    assert keys.of(pinned.CHARTS[name]) == pinned.pins()[name], "make chart-pins"


def test_the_schema_that_settings_keep_is_the_charts_and_its_defaults_keep_it() -> None:
    """Closed as it is, it refuses no key that the chart itself has."""
    airflow = pinned.CHARTS["airflow"]
    assert chart_schema.kept() == keys.schema_of(airflow), "make chart-pins"
    defaults = dict(pinned.defaults(airflow.folder))
    errors = chart_schema.validator_for(chart_schema.kept()).iter_errors(defaults)
    assert [list(error.path) for error in errors if error.validator != "instead"] == []
