"""IAM's own judgement of a policy, as far as ours use its language, and AWS's managed policies as moto carries them."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, cast

from moto.iam.aws_managed_policies import aws_managed_policies_data

Context = Mapping[str, str | list[str]]


def permits(policy: Mapping[str, Any], action: str, resource: str = "*", context: Context | None = None) -> bool:
    """Whether a policy allows an action on a resource: some statement allows it, and none denies it.

    `resource` may be a pattern too: a statement then has to cover all that it stands for. Principals are not looked at.
    """
    matching = [one for one in policy["Statement"] if _matches(one, action, resource, context or {})]
    effects = {one["Effect"] for one in matching}
    return effects == {"Allow"}


def _matches(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    acts = any(fnmatchcase(action.lower(), one.lower()) for one in listed(statement["Action"]))
    on = any(fnmatchcase(resource, one) for one in listed(statement["Resource"]))
    conditions = cast("Mapping[str, Mapping[str, Any]]", statement.get("Condition", {}))
    return acts and on and all(_holds(operator, keys, context) for operator, keys in conditions.items())


def _holds(operator: str, keys: Mapping[str, Any], context: Context) -> bool:
    return all(_one_holds(operator, listed(wanted), context.get(key)) for key, wanted in keys.items())


def _one_holds(operator: str, wanted: list[str], given: str | list[str] | None) -> bool:
    quantifier, _, plain = operator.rpartition(":")
    values = listed(given) if given is not None else []
    if plain == "Null":
        return (not values) is (wanted == ["true"])
    negated, plain = plain.startswith("StringNot"), plain.replace("StringNot", "String")
    match = {"StringEquals": str.__eq__, "Bool": str.__eq__}.get(plain, fnmatchcase)
    if not values:
        return quantifier == "ForAllValues" or negated
    found = [any(match(value, one) for one in wanted) for value in values]
    return not any(found) if negated else all(found) if quantifier == "ForAllValues" else any(found)


def listed(value: Any) -> list[Any]:
    """IAM takes one thing in place of a list of one."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


@cache
def managed() -> Mapping[str, Mapping[str, Any]]:
    """ARN → document of each policy that AWS keeps."""
    given: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return {f"arn:aws:iam::aws:policy{one.get('Path', '/')}{name}": one["Document"] for name, one in given.items()}


def actions(policy: Mapping[str, Any]) -> Iterable[str]:
    """Every action that a policy allows."""
    for statement in policy["Statement"]:
        if statement["Effect"] == "Allow":
            yield from listed(statement["Action"])
