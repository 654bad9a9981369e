"""A plan with its secrets as they are, for objects that a real cluster gets. The program itself never sees this."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from google.protobuf import struct_pb2

from infra.preview import planning, sdk, wire
from infra.preview.model import Plan


@contextmanager
def _secrets_shown() -> Iterator[None]:
    masked = wire._plain_object  # pyright: ignore[reportPrivateUsage]

    def shown(struct: struct_pb2.Struct) -> Any:
        if wire.signature_of(struct) == sdk.SECRET:
            return wire._plain(struct.fields["value"])  # pyright: ignore[reportPrivateUsage]
        return masked(struct)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "_plain_object", shown)
        yield


def plan(request: planning.Request) -> Plan:
    """The plan with every secret in the clear."""
    with _secrets_shown():
        return planning.make(request).plan
