"""Between the engine's wire format (protobuf structs with marker objects) and the plan's plain JSON values.

In a plan a secret is `{"$secret": true}` and a value that only the real `up` will know is `{"$unknown": true}`;
neither ever shows what is inside.
"""

from collections.abc import Mapping
from typing import Any, cast

from google.protobuf import struct_pb2

from infra.preview import sdk

SECRET: dict[str, bool] = {"$secret": True}
UNKNOWN: dict[str, bool] = {"$unknown": True}


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a request as JSON values with secrets and unknowns masked; keys sorted."""
    return {key: _plain(value) for key, value in sorted(struct.fields.items())}


def _plain(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_object(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "string_value":
        return dict(UNKNOWN) if value.string_value == sdk.UNKNOWN else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _plain_object(struct: struct_pb2.Struct) -> Any:
    signature = signature_of(struct)
    if signature is None:
        return plain(struct)
    if signature == sdk.SECRET:
        return dict(SECRET)
    rest = {key: _plain(value) for key, value in sorted(struct.fields.items()) if key != sdk.SIGNATURE}
    names = {sdk.ASSET: "$asset", sdk.ARCHIVE: "$archive", sdk.RESOURCE: "$resource"}
    return {names.get(signature, "$special"): rest}


def signature_of(struct: struct_pb2.Struct) -> str | None:
    """The marker of a special object (a secret, an asset, …); None for an ordinary one."""
    return struct.fields[sdk.SIGNATURE].string_value if sdk.SIGNATURE in struct.fields else None


def has_unknown(struct: struct_pb2.Struct) -> bool:
    """Whether anything in it, inside secrets too, is not known yet."""
    return any(_unknown(value) for value in struct.fields.values())


def _unknown(value: struct_pb2.Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value == sdk.UNKNOWN
    if kind == "struct_value":
        return has_unknown(value.struct_value)
    return kind == "list_value" and any(_unknown(item) for item in value.list_value.values)


def is_secret(value: object) -> bool:
    """Whether a value of a plan is a masked secret."""
    return isinstance(value, Mapping) and "$secret" in cast(Mapping[str, Any], value)


def is_unknown(value: object) -> bool:
    """Whether a value of a plan is not known before the real `up`."""
    return isinstance(value, Mapping) and "$unknown" in cast(Mapping[str, Any], value)
