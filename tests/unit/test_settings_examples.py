"""The committed examples of settings pass the rules that the sync holds a real file to."""

import random
from pathlib import Path

import pytest

from infra.settings.payload import SECRET_MAX, problems
from infra.settings.secret_keys import SECRETS

EXAMPLES = sorted((Path(__file__).parents[2] / "settings").glob("*/secret.example.yaml"))


def test_integration_and_production_have_one() -> None:
    assert {file.parent.name for file in EXAMPLES} >= {"integration", "production"}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_an_example_is_valid(file: Path) -> None:
    assert problems(file.read_text()) == ()


@pytest.mark.guarantee("connections and pools that Airflow could not take")
def test_a_stack_refuses_bad_settings_when_it_is_loaded() -> None:
    check = SECRETS["settings"].check
    assert check("airflow: {connections: [{id: x, port: s3}], pools: [{name: p}]}") == (
        "airflow.connections[0] (x).port: must be a whole number from 1 to 65535; "
        "airflow.pools[0] (p).slots: is missing"
    )
    assert check(SECRETS["settings"].placeholder(1)) is None


def test_a_stack_refuses_settings_that_no_secret_holds_when_it_is_loaded() -> None:
    noise = random.Random(1).randbytes(SECRET_MAX + 1).hex()
    rule = SECRETS["settings"].check(f"airflow: {{variables: {{a: '{noise}'}}}}")
    assert rule is not None
    assert "a Kubernetes Secret holds 1,048,576" in rule
