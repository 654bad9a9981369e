"""What a stack's names began with at its last `up`: its own export, read back. Nobody renames a stack that stands."""

import time
from collections.abc import Mapping
from typing import Any, cast

import pulumi

from infra.names import NAMES_EXPORT, Names, renaming

READ_EXPORTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function behind a StackReference (pkg/resource/deploy/builtins.go of github.com/pulumi/pulumi)."""
_TRIES = 6


def refuse_other_names(names: Names) -> None:
    """Raises RunError where the stack stands by other names.

    It is asked before anything is registered: with a state in files the engine rewrites what is read here with every
    resource, a reader in the middle of that gets `failed to load checkpoint: EOF`, and a StackReference does not retry.
    """
    own = f"{pulumi.get_organization()}/{names.project}/{names.stack}"
    if why := renaming(_exports(own).get(NAMES_EXPORT), names.resource()):
        pulumi.log.error(why)  # an exception alone shows no word once there are error hooks
        raise pulumi.RunError("nothing was changed")


def _exports(stack: str) -> Mapping[str, Any]:
    """What the stack exported last; nothing before its first `up`."""
    for tried in range(_TRIES):
        try:
            found = pulumi.runtime.invoke(READ_EXPORTS, {"name": stack}).value
        except Exception as error:  # the SDK raises no other
            if tried == _TRIES - 1:
                raise pulumi.RunError(f"the stack's own exports cannot be read: {error}") from None
            time.sleep(0.2 * 2**tried)
        else:
            return cast("Mapping[str, Any]", found.get("outputs") or {})
    raise AssertionError("not reached")
