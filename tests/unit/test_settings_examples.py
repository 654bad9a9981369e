"""The committed examples of settings pass the rules that the sync holds a real file to."""

from pathlib import Path

import pytest

from infra.airflow.settings_payload import problems

EXAMPLES = sorted((Path(__file__).parents[2] / "settings").glob("*/secret.example.yaml"))


def test_integration_and_production_have_one() -> None:
    assert {file.parent.name for file in EXAMPLES} >= {"integration", "production"}


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_an_example_is_valid(file: Path) -> None:
    assert problems(file.read_text()) == []
