"""A plan's AWS resources as Terraform plan JSON, by a general rule and without a table of types.

Pulumi's AWS provider is made from Terraform's, so that the way back is mechanical: camel case to snake case, a single
nested object to a block (a list of one), a plural list of blocks to the singular that Terraform writes (both are
given, since some of Terraform's own names are plurals). Which objects are blocks and which free maps, the SDK's types
say. Format: developer.hashicorp.com/terraform/internals/json-format, format_version 1.2.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast, get_args

from infra.preview import sdk
from infra.preview.model import Plan, Resource

PROVIDER = "registry.terraform.io/hashicorp/aws"
SECRET, UNKNOWN = {"$secret": True}, {"$unknown": True}
#: Modules of Pulumi whose types have another first word in Terraform, or none.
PREFIXES = {"ec2": "", "rds": "db_"}


def terraform_type(token: str, known: AbstractSet[str]) -> str:
    """`aws:ec2/natGateway:NatGateway` → `aws_nat_gateway`; of the spellings that there are, one in `known`."""
    module, _, kind = token.split(":")[1].partition("/")
    usual = f"aws_{module}_{snake(kind)}"
    other = f"aws_{PREFIXES.get(module, f'{module}_')}{snake(kind)}"
    return usual if usual in known else other


def snake(name: str) -> str:
    """`subnetIds` → `subnet_ids`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def singular(name: str) -> str:
    """`policies` → `policy`, `aliases` → `alias`, `rules` → `rule`."""
    for plural, one in (("ies", "y"), ("ses", "s"), ("s", "")):
        if name.endswith(plural):
            return name.removesuffix(plural) + one
    return name


def convert(plan: Plan, known: AbstractSet[str]) -> dict[str, Any]:
    """The plan's AWS resources as `terraform show -json` of a first plan would write them."""
    own = [one for one in plan if one.package == "aws" and one.custom and not one.type.startswith("pulumi:")]
    address = {one.urn: _address(one, known) for one in own}
    resources: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    references: list[dict[str, Any]] = []
    for one in own:
        values, unknown = _body(one)
        head = {
            "address": address[one.urn],
            "mode": "managed",
            "type": terraform_type(one.type, known),
            "name": address[one.urn].partition(".")[2],
        }
        resources.append({**head, "provider_name": PROVIDER, "schema_version": 0, "values": values})
        change = {"actions": ["create"], "before": None, "after": values, "after_unknown": unknown}
        changes.append({**head, "provider_name": PROVIDER, "change": change})
        references.append({**head, "provider_config_key": "aws", "expressions": _references(one, address)})
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": references}},
    }


def _address(resource: Resource, known: AbstractSet[str]) -> str:
    return f"{terraform_type(resource.type, known)}.{re.sub('[^A-Za-z0-9_-]', '-', resource.name)}"


def _references(resource: Resource, address: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, urns in resource.by_property.items():
        named = sorted(address[urn] for urn in urns if urn in address)
        if named:
            found[snake(name)] = {"references": [text for one in named for text in (f"{one}.id", one)]}
    return found


def _body(resource: Resource) -> tuple[dict[str, Any], dict[str, Any]]:
    return _fields(resource.inputs, sdk.outputs_of(resource.type))


def _fields(given: Mapping[str, Any], declared: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes of an object: those with a value, and `True` in the place of those without one yet."""
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in given.items():
        if value == UNKNOWN:
            unknown[snake(name)] = True
            continue
        known, missing = _value(value, declared.get(name))
        for key in {snake(name), singular(snake(name))} if _blocks(known) else {snake(name)}:
            values[key] = known
            if missing:
                unknown[key] = missing
    return values, unknown


def _value(value: Any, declared: Any) -> tuple[Any, Any]:
    if value == SECRET:
        return "(secret)", None
    if isinstance(value, list):
        return _list(cast("list[Any]", value), _element(declared))
    if isinstance(value, Mapping):
        given, fields = cast("Mapping[str, Any]", value), sdk.fields_of(declared)
        if fields is None:
            return {key: item for key, item in given.items() if item != UNKNOWN}, None
        body, missing = _fields(given, fields)
        return [body], [missing] if missing else None
    return value, None


def _list(values: list[Any], declared: Any) -> tuple[list[Any], list[dict[str, Any]] | None]:
    bodies: list[Any] = []
    missing: list[dict[str, Any]] = []
    for known, unknown in (_value(item, declared) for item in values if item != UNKNOWN):
        bodies.append(known[0] if _blocks(known) else known)
        missing.append(cast("list[dict[str, Any]]", unknown)[0] if unknown else {})
    return bodies, missing if any(missing) else None


def _element(declared: Any) -> Any:
    arguments = get_args(declared)
    return arguments[-1] if arguments else None


def _blocks(value: Any) -> bool:
    return isinstance(value, list) and bool(cast("list[Any]", value)) and isinstance(value[0], dict)
