"""What the providers answer in a first preview, without asking one.

- A provider whose own configuration is not known yet is never called: every output is unknown (the engine's
  `plugin.provider` hands back an empty property map; seen with a real engine, an explicit `metadata.name` included).
- Otherwise the inputs come back, and everything else that a resource declares is unknown: whole properties by being
  absent, fields inside an object by the wire's unknown marker (absent ones would read as a known `None`).
- Kubernetes objects without a name get `<logical name>-<8 hex digits>`, from the URN here instead of a random seed.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from google.protobuf import struct_pb2

from infra.preview import sdk, wire

KUBERNETES = "kubernetes:"
RELEASE = "kubernetes:helm.sh/v3:Release"


def checked_inputs(token: str, name: str, urn: str, inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    """The inputs as the provider's check returns them: a Kubernetes object without a name has got one."""
    if not token.startswith(KUBERNETES):
        return inputs
    result = struct_pb2.Struct()
    result.CopyFrom(inputs)
    generated = f"{name}-{hashlib.sha256(urn.encode()).hexdigest()[:8]}"
    if token == RELEASE:
        if "name" not in result.fields:
            result.fields["name"].string_value = generated
        return result
    metadata = result.fields["metadata"]
    if metadata.WhichOneof("kind") not in (None, "null_value", "struct_value"):
        return inputs  # not known before the real `up`, and then neither is the name
    if wire.signature_of(metadata.struct_value) is None and not {"name", "generateName"} & set(
        metadata.struct_value.fields
    ):
        metadata.struct_value.fields["name"].string_value = generated
    return result


def outputs(token: str, inputs: struct_pb2.Struct, secret_outputs: list[str]) -> struct_pb2.Struct:
    """The outputs of a create in a preview, for a provider that is configured."""
    declared = sdk.outputs_of(token)
    result = struct_pb2.Struct()
    for key, value in inputs.fields.items():
        result.fields[key].CopyFrom(value)
        _fill(result.fields[key], declared.get(key))
    for key in secret_outputs:
        _mark_secret(result.fields[key])
    return result


def _fill(value: struct_pb2.Value, declared: Any) -> None:
    """Put the unknown marker into every declared field that the inputs left out, at any depth."""
    kind = value.WhichOneof("kind")
    if declared is None or kind not in ("struct_value", "list_value"):
        return
    if kind == "list_value":
        if get_origin(declared) is Mapping:  # azure-native takes a set of ids as a list and answers with a mapping
            value.string_value = sdk.UNKNOWN
            return
        for item in value.list_value.values:
            _fill(item, _element(declared))
        return
    signature = wire.signature_of(value.struct_value)
    if signature is not None:
        if signature == sdk.SECRET:
            _fill(value.struct_value.fields["value"], declared)
        return
    fields = sdk.fields_of(declared)
    given = value.struct_value.fields
    if fields is None:
        for item in given.values():
            _fill(item, _element(declared))
        return
    for key, inner in fields.items():
        if key in given:
            _fill(given[key], inner)
        else:
            given[key].string_value = sdk.UNKNOWN


def _element(declared: Any) -> Any:
    """The type of a list's items or of a mapping's values; None where none is declared."""
    arguments = get_args(declared)
    return arguments[-1] if arguments else None


def _mark_secret(value: struct_pb2.Value) -> None:
    if value.WhichOneof("kind") == "struct_value" and wire.signature_of(value.struct_value) == sdk.SECRET:
        return
    inner = struct_pb2.Value()
    inner.CopyFrom(value)
    if inner.WhichOneof("kind") is None:
        inner.string_value = sdk.UNKNOWN
    value.Clear()
    value.struct_value.fields[sdk.SIGNATURE].string_value = sdk.SECRET
    value.struct_value.fields["value"].CopyFrom(inner)
