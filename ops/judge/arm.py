"""A plan's Azure resources as an ARM template: what azure-native sends, put back into ARM's own envelope.

azure-native's inputs are ARM bodies whose `properties` were lifted to the top, under names that the SDK makes nicer
in a few places. `arm.yaml` holds what the SDK does not say: a type's ARM name and those few names. Format:
learn.microsoft.com/azure/azure-resource-manager/templates/syntax
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

import yaml

from infra.preview import sdk
from infra.preview.model import Plan, Resource
from ops.errors import OpsError

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SECRET, UNKNOWN = {"$secret": True}, {"$unknown": True}
TYPES = Path(__file__).with_name("arm.yaml")
#: What stands beside `properties` in a resource's body.
ENVELOPE = frozenset({"location", "tags", "sku", "kind", "identity", "zones", "plan", "extendedLocation", "managedBy"})
#: An object that declares all of these is a resource within a resource, with an envelope of its own.
NESTED = frozenset({"id", "name", "provisioningState"})
LATER = "(known after the deployment)"


@cache
def types() -> dict[str, dict[str, Any]]:
    """azure-native type → its `type` and `version` in ARM, `names` that are parts of its id, and `renamed` inputs."""
    return yaml.safe_load(TYPES.read_text())


def convert(plan: Plan) -> dict[str, Any]:
    """The plan's Azure resources as one template. Raises OpsError for a type that `arm.yaml` does not know."""
    own = [one for one in plan if one.package == "azure-native" and one.custom and not one.type.startswith("pulumi:")]
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [_resource(one) for one in own]}


def _resource(resource: Resource) -> dict[str, Any]:
    known = types().get(resource.type)
    if known is None:
        raise OpsError(f"{TYPES.name} has no ARM name for {resource.type}: add it")
    names, renamed = known["names"], known.get("renamed", {})
    body = {
        renamed.get(key, key): _value(value, sdk.outputs_of(resource.type).get(key))
        for key, value in resource.inputs.items()
        if key not in names
    }
    given = resource.inputs.get(names[-1]) if names else None
    return {
        "type": known["type"],
        "apiVersion": known["version"],
        "name": given if isinstance(given, str) else resource.name,
        **_enveloped(body),
    }


def _enveloped(body: Mapping[str, Any], outside: frozenset[str] = ENVELOPE) -> dict[str, Any]:
    inside = {key: value for key, value in body.items() if key not in outside}
    return {**{key: value for key, value in body.items() if key in outside}, "properties": inside}


def _value(value: Any, declared: Any) -> Any:
    if value == SECRET:
        return "[parameters('secret')]"
    if value == UNKNOWN:
        return LATER
    if isinstance(value, list):
        return [_value(item, _element(declared)) for item in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    given, fields = cast("Mapping[str, Any]", value), sdk.fields_of(declared)
    if fields is None:
        return {key: _value(item, _element(declared)) for key, item in given.items()}
    body = {key: _value(item, fields.get(key)) for key, item in given.items()}
    if fields.keys() >= NESTED and body.keys() - {"id"}:
        return _enveloped(body, frozenset({"id", "name"}))
    return body


def _element(declared: Any) -> Any:
    arguments = get_args(declared)
    return arguments[-1] if arguments else None
