"""Pulumi's properties on the wire: secrets wrapped in marker objects, unknown values as a marker text."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

SIGNATURE = rpc._special_sig_key
SECRET = rpc._special_secret_sig
UNKNOWN = rpc.UNKNOWN

Values = dict[str, Any]


def read(struct: struct_pb2.Struct) -> Values:
    """The properties as they stand, markers included."""
    return json_format.MessageToDict(struct)


def write(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(values), struct_pb2.Struct())


def clear(value: Any) -> Any:
    """What the cloud is told: secrets without their wrapping, whole numbers whole."""
    if isinstance(value, dict):
        return clear(value.get("value")) if value.get(SIGNATURE) == SECRET else {k: clear(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clear(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def token(urn: str) -> str:
    """The type in an URN: `aws:ec2/vpc:Vpc`."""
    return urn.split("::")[2].rpartition("$")[2]


def name(urn: str) -> str:
    """The logical name in an URN."""
    return urn.rpartition("::")[2]


def stack(urn: str) -> str:
    """The stack in an URN."""
    return urn.split("::")[0].removeprefix("urn:pulumi:")


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Property paths at which two values differ, as the engine writes them: `spec.ports[0].port`."""
    if isinstance(old, dict) and isinstance(new, dict) and SIGNATURE not in old and SIGNATURE not in new:
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{index}]")
    elif clear(old) != clear(new):
        yield path


def covers(known: str, path: str) -> bool:
    """Whether a path is a property or stands below it."""
    return path == known or path.startswith((f"{known}.", f"{known}["))
