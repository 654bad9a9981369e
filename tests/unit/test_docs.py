"""docs/settings.md and Pulumi.yaml say what the models say."""

from typing import Any

import pytest
import yaml

from infra.preview.planning import ROOT
from infra.settings import SECRETS, Settings, read
from infra.settings.problems import SettingsError
from infra.settings.sizes import TABLE
from ops import project_config, settings_reference
from tests.unit.stacks import LOCAL, flat, problems

MEND = "`make docs` writes it"
PAGE = settings_reference.page()
DECLARED: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == PAGE, MEND


def test_the_projects_declarations_are_up_to_date() -> None:
    text = (ROOT / "Pulumi.yaml").read_text()
    assert project_config.with_section(text) == text, MEND
    assert yaml.safe_load(project_config.section())["config"] == project_config.declarations()


def test_every_setting_and_every_secret_is_declared() -> None:
    fields = {field.alias or name for name, field in Settings.model_fields.items()}
    own = {key.removeprefix("airflow:") for key in DECLARED if key.startswith("airflow:")}
    assert own == fields | SECRETS.keys()
    assert not [key for key in own if "." in key], "a dot would make an object of a release's own key"


@pytest.mark.parametrize("key", [key for key in DECLARED if key.startswith("airflow:")])
def test_declarations_are_ones_that_the_cli_takes(key: str) -> None:
    """It demands a value without a default, items of an array, a default of the type, and no secret with one."""
    declared = DECLARED[key]
    types = {"string": str, "boolean": bool, "object": dict, "array": list}
    assert type(declared["default"]) is types[declared["type"]]
    assert declared["description"]
    assert declared.keys() <= {"type", "description", "default", "items"}
    assert ("items" in declared) == (declared["type"] == "array")


def test_what_is_declared_and_not_given_counts_as_not_given() -> None:
    defaults = {key: spec["default"] for key, spec in DECLARED.items() if key.startswith("airflow:")}
    texts = {key: str(value).lower() if isinstance(value, bool) else value for key, value in defaults.items()}
    assert read({**flat(texts), **flat(LOCAL)}) == read(flat(LOCAL))
    with pytest.raises(SettingsError) as caught:
        read(flat(texts))
    found = {problem.key: problem.rule for problem in caught.value.problems}
    assert found == {"airflow:tier": "required", "airflow:cloud": "required"}


@pytest.mark.parametrize("empty", ["", "{}", "[]"])
@pytest.mark.guarantee("a missing key")
def test_a_required_object_that_is_empty_is_missing(empty: str) -> None:
    assert problems({**LOCAL, "cloud": empty})["airflow:cloud"].rule == "required"


def test_the_reference_names_every_key_kind_figure_and_secret() -> None:
    for key in ("apiAllowedCidrs", "backupSchedule", "storageClass", "challenge", "host"):
        assert f"| `{key}` |" in PAGE
    for name, spec in SECRETS.items():
        maker = "`make secrets`" if spec.generate else "a person"
        assert any(line.startswith(f"| `{name}` |") and maker in line for line in PAGE.splitlines())
    for size, figures in TABLE.items():
        assert str(size) in PAGE
        assert str(figures["aws"]["price"]["source"]) in PAGE
    assert "number from 1 to 35" in PAGE


def test_every_link_of_the_reference_leads_somewhere() -> None:
    headings = [line.removeprefix("## ") for line in PAGE.splitlines() if line.startswith("## ")]
    anchors = {"".join(c for c in text.lower() if c.isalnum() or c in " -_").replace(" ", "-") for text in headings}
    linked = {part.partition(")")[0] for part in PAGE.split("](#")[1:]}
    assert linked
    assert linked <= anchors
    assert len(headings) == len(set(headings))
