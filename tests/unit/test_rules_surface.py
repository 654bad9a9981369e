"""A mistake in a rule ends the run; only a setting that did not parse ends a rule quietly."""

import importlib
import inspect
import pkgutil
from typing import Any

import pytest

import infra.settings
from infra.settings import parse, required_secrets, rules, secrets
from infra.settings.base import NotParsed, has_parsed
from infra.settings.model import Settings
from infra.settings.parse import examine, read
from tests.unit.stacks import LOCAL, flat

ALL = (*rules.RULES, *(rule for of_cloud in rules.RULES_OF_CLOUD.values() for rule in of_cloud))


class Mistaken:
    """Settings as a rule with a typo sees them: no attribute of that name."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no {name}: a mistake in a rule")


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: f"{rule.__module__}.{rule.__name__}")
def test_a_mistake_in_a_rule_is_no_missing_guard(monkeypatch: pytest.MonkeyPatch, rule: rules.Rule) -> None:
    monkeypatch.setattr(rules, "rules_for", lambda _settings: (rule,))
    with pytest.raises(AttributeError, match="a mistake in a rule"):
        rules.judge(Mistaken())  # pyright: ignore[reportArgumentType]


def test_every_rule_is_judged() -> None:
    written: set[str] = set()
    for module in pkgutil.walk_packages(infra.settings.__path__, "infra.settings."):
        for name, made in inspect.getmembers(importlib.import_module(module.name), inspect.isgeneratorfunction):
            parameters = [one.annotation for one in inspect.signature(made).parameters.values()]
            if made.__module__ == module.name and parameters == [Settings] and not name.startswith("_"):
                written.add(f"{made.__module__}.{name}")
    judged = {f"{rule.__module__}.{rule.__name__}" for rule in ALL}
    assert len(judged) == len(ALL), "each once"
    # These say something about all settings too, and are asked elsewhere.
    assert written - judged == set()
    assert judged <= written


@pytest.mark.parametrize(
    ("module", "name"),
    [(secrets, "_of_release"), (secrets, "_stack_wide"), (parse, "merge"), (parse, "secrets_inside")],
)
def test_a_mistake_behind_a_secret_or_a_figure_is_no_missing_one(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    def mistaken(*_: Any) -> Any:
        raise AttributeError("a mistake")

    monkeypatch.setattr(module, name, mistaken)
    with pytest.raises(AttributeError, match="a mistake"):
        required_secrets(read(flat(LOCAL)))


def test_what_did_not_parse_says_so_whoever_asks() -> None:
    parsed, problems = examine(flat({**LOCAL, "releases": [{"name": "main", "host": "Not A Host"}], "prefix": "-"}))
    assert {problem.key for problem in problems} == {"airflow:prefix", "airflow:releases[0].host"}
    assert not has_parsed(parsed, "prefix")
    for asked in (lambda: parsed.prefix, lambda: hasattr(parsed, "prefix"), lambda: getattr(parsed, "prefix", None)):
        with pytest.raises(NotParsed, match=r"Settings\.prefix"):
            asked()
    with pytest.raises(AttributeError):
        _ = parsed.prefx  # pyright: ignore[reportAttributeAccessIssue]


def test_wrong_figures_are_told_once_and_end_the_rules_over_them() -> None:
    _, problems = examine(flat({**LOCAL, "figures": {"scheduler": {"cpu": "much"}}}))
    assert {problem.key for problem in problems} == {"airflow:figures.scheduler.cpu"}


def test_one_clouds_rules_are_not_asked_about_another() -> None:
    of_aws = rules.RULES_OF_CLOUD[type(read(flat(AWS)).cloud)]
    assert set(of_aws) <= set(rules.rules_for(read(flat(AWS))))
    assert not set(of_aws) & set(rules.rules_for(read(flat(LOCAL))))


AWS = {
    "tier": "integration",
    "tags": {"owner": "data"},
    "cloud": {
        "kind": "aws",
        "account": "123456789012",
        "region": "eu-west-1",
        "cluster": {"apiAllowedCidrs": ["203.0.113.0/24"], "admins": ["arn:aws:iam::123456789012:role/admins"]},
    },
    "platform": {"certificates": {"email": "data@your-company.com"}},
}
