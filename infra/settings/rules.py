"""Rules that see more than one field. They run over whatever parsed, so that they appear with the field errors.

A rule is a generator of problems over settings of which some fields may be missing; reading one raises NotParsed,
and the rule says no more. Any other exception is a mistake in the rule and ends the run: no guard goes missing quietly.
Rules of one cloud or part stand beside its model and are listed here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from pydantic.alias_generators import to_camel

from infra.names import OWN_TAGS
from infra.settings import (
    aws_data_rules,
    aws_rules,
    azure_data_rules,
    azure_network_rules,
    azure_rules,
    cloud_rules,
    existing_rules,
    platform_rules,
    release_rules,
)
from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.base import Model, NotParsed, Tier
from infra.settings.existing import ExistingCloud
from infra.settings.figures import Component, DatabaseFigures, TaskFigures
from infra.settings.model import Settings
from infra.settings.problems import Problem
from infra.settings.quantities import millicores
from infra.settings.secret_keys import SECRETS

Rule = Callable[[Settings], Iterator[Problem]]


def judge(settings: Settings) -> list[Problem]:
    """Every problem that the rules find."""
    found: list[Problem] = []
    for rule in rules_for(settings):
        with suppress(NotParsed):
            found.extend(rule(settings))
    return found


def rules_for(settings: Settings) -> tuple[Rule, ...]:
    """The rules of every stack, and those of its cloud."""
    with suppress(NotParsed):
        return (*RULES, *RULES_OF_CLOUD[type(settings.cloud)])
    return RULES


def release_names(settings: Settings) -> Iterator[Problem]:
    """Releases are told apart by name, and a name that is a top-level key would make `name.key` ambiguous."""
    taken: set[str] = set()
    reserved = {field.alias or name for name, field in Settings.model_fields.items()} | SECRETS.keys()
    for index, release in enumerate(settings.releases):
        key = f"airflow:releases[{index}].name"
        if release.name in taken:
            yield Problem(key, "a name of its own for each release", "rename one of them", release.name)
        if release.name in reserved:
            yield Problem(key, "no top-level key's name", "rename the release", release.name)
        taken.add(release.name)


def owner_tag(settings: Settings) -> Iterator[Problem]:
    """Somebody is asked when a resource is found that nobody remembers."""
    if settings.tier is not Tier.local and not settings.tags.get("owner"):
        yield Problem("airflow:tags.owner", "required outside a local tier", "name the team that answers for the stack")


def production_demands(settings: Settings) -> Iterator[Problem]:
    """Danger is a type rule: production can't be said with chaos, a short life, or a database without a standby."""
    if settings.tier is not Tier.production:
        return
    if settings.ephemeral:
        yield Problem("airflow:ephemeral", "production is kept", "set it to false, or tier to integration", True)
    if settings.platform.chaos.state != "off":
        yield Problem("airflow:platform.chaos.state", "no chaos in production", "set it to off", "on")


def limits(settings: Settings) -> Iterator[Problem]:
    """Kubernetes refuses a pod that asks for more than its limit."""
    for name in type(settings.sized).model_fields:
        figures = getattr(settings.sized, name)
        limited = isinstance(figures, Component | DatabaseFigures | TaskFigures)
        if limited and millicores(figures.cpu) > millicores(figures.cpu_limit):
            key = f"airflow:figures.{to_camel(name)}.cpu"
            yield Problem(key, f"at most its cpuLimit, {figures.cpu_limit}", "raise the limit too", figures.cpu)
    most = settings.sized.tasks.cpu_limit
    for index, release in enumerate(settings.releases):
        if release.tasks.cpu and millicores(release.tasks.cpu) > millicores(most):
            key = f"airflow:releases[{index}].tasks.cpu"
            yield Problem(key, f"at most {most}", "raise figures.tasks.cpuLimit too", release.tasks.cpu)


def own_tags(settings: Settings) -> Iterator[Problem]:
    """By these tags the stack's resources are found again."""
    for name in settings.tags:
        if name.lower() in OWN_TAGS:
            yield Problem(f"airflow:tags.{name}", "no tag that the program sets itself", "name it otherwise", name)


RULES: tuple[Rule, ...] = (
    release_names,
    owner_tag,
    production_demands,
    limits,
    own_tags,
    *cloud_rules.RULES,
    *release_rules.RULES,
    *platform_rules.RULES,
)

RULES_OF_CLOUD: Mapping[type[Model], tuple[Rule, ...]] = {
    AwsCloud: (*aws_rules.RULES, *aws_data_rules.RULES),
    AzureCloud: (*azure_rules.RULES, *azure_network_rules.RULES, *azure_data_rules.RULES),
    ExistingCloud: existing_rules.RULES,
}
