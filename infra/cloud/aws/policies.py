"""IAM policies as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

VERSION = "2012-10-17"  # of the policy language, the current one


@dataclass(frozen=True)
class Statement:
    """Who may do what to which resources; `principal` only in policies of a resource."""

    actions: Sequence[str]
    resources: Sequence[pulumi.Input[str]] = ()
    principal: Any = None
    condition: Mapping[str, Mapping[str, pulumi.Input[Any]]] = field(
        default_factory=dict[str, Mapping[str, pulumi.Input[Any]]]
    )
    effect: Literal["Allow", "Deny"] = "Allow"

    def as_json(self) -> dict[str, Any]:
        """The statement as IAM reads it, outputs still in it."""
        parts = {
            "Effect": self.effect,
            "Principal": self.principal,
            "Action": list(self.actions),
            "Resource": list(self.resources),
            "Condition": dict(self.condition),
        }
        return {key: value for key, value in parts.items() if value}


def document(*statements: Statement) -> pulumi.Output[str]:
    """The policy as JSON text, known as far as its parts are."""
    return pulumi.Output.json_dumps({"Version": VERSION, "Statement": [one.as_json() for one in statements]})


def trust(service: str) -> pulumi.Output[str]:
    """The policy of a role that a service of AWS takes on."""
    return document(Statement(["sts:AssumeRole"], principal={"Service": service}))


def deny_plain(action: str, *resources: pulumi.Input[str]) -> Statement:
    """Refuse whatever does not come over TLS."""
    return Statement([action], resources, {"AWS": "*"}, {"Bool": {"aws:SecureTransport": "false"}}, effect="Deny")
