"""The Pulumi SDK's internals that recording needs: every name of them that we use stands in this one file.

They are no public interface (pulumi 3.272 is pinned in `requirements.txt`); `tests/program/test_recorder.py` fails
where an upgrade changes one of them.
"""

import importlib
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, cast

import pulumi
from pulumi import _types  # pyright: ignore[reportPrivateUsage]
from pulumi.resource import DependencyResource
from pulumi.runtime import rpc as _rpc
from pulumi.runtime import settings as _settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import MockSettings
from pulumi.runtime.proto import engine_pb2, resource_pb2
from pulumi.runtime.stack import run_in_stack as _run_in_stack

__all__ = ["SECRET", "SIGNATURE", "UNKNOWN", "engine_pb2", "resource_pb2"]

UNKNOWN = _rpc.UNKNOWN
"""What stands on the wire for a value that only the real `up` will know."""
SIGNATURE: str = _rpc._special_sig_key  # pyright: ignore[reportPrivateUsage]
"""The key that marks an object on the wire as something special."""
SECRET: str = _rpc._special_secret_sig  # pyright: ignore[reportPrivateUsage]
ASSET: str = _rpc._special_asset_sig  # pyright: ignore[reportPrivateUsage]
ARCHIVE: str = _rpc._special_archive_sig  # pyright: ignore[reportPrivateUsage]
RESOURCE: str = _rpc._special_resource_sig  # pyright: ignore[reportPrivateUsage]


def enter(
    monitor: Any,
    engine: Any,
    callbacks: Any,
    *,
    project: str,
    stack: str,
    root: str,
    config: dict[str, str],
    secret_keys: list[str],
) -> None:
    """Make this thread's context that of a first preview, with our own monitor and engine in the CLI's place."""
    set_all_config(config, secret_keys)
    _settings.ROOT.set(None)
    _settings.configure(
        MockSettings(
            monitor=monitor,
            engine=engine,
            callbacks=callbacks,
            monitor_features=set[int](),
            project=project,
            stack=stack,
            organization="organization",
            root_directory=root,
            dry_run=True,
            legacy_apply_enabled=False,
            outputs=set[Any](),
            package_refs=dict[str, str](),
            base_providers_by_ref=dict[str, str](),
        )
    )


async def run(program: Callable[[], Awaitable[None] | None]) -> None:
    """Run `program` under a root Stack as the CLI's language host does, until every registration has been answered."""
    await _run_in_stack(program)


def coming_from(output: pulumi.Output[str], urn: str) -> pulumi.Output[str]:
    """The same output, as if it came from the resource `urn`."""

    async def sources() -> set[pulumi.Resource]:
        return {*await output.resources(), DependencyResource(urn)}

    return pulumi.Output(sources(), output.future(with_unknowns=True), output.is_known(), output.is_secret())  # pyright: ignore


@cache
def outputs_of(token: str) -> dict[str, Any]:
    """Output properties of a resource type (provider's spelling → Python type); empty for a type no SDK declares."""
    cls = class_of(token)
    return {} if cls is None else dict(_types.resource_types(cls))


def class_of(token: str) -> Any | None:
    """The SDK's class of a resource type, out of the SDKs imported so far; None for a type none of them declares."""
    package, module, _ = token.split(":", 2)
    registered = cast(dict[str, list[Any]], _rpc._RESOURCE_MODULES).get(f"{package}:{module}", [])  # pyright: ignore[reportPrivateUsage]
    for entry in registered:
        name = entry.mod_info["classes"].get(token)
        if name is not None:
            return getattr(importlib.import_module(entry.mod_info["fqn"]), name)
    return None


def python_name(cls: Any, name: str) -> str:
    """How a resource's class spells a property of the provider."""
    return _types.resource_pulumi_to_py_names(cls).get(name, name)


@cache
def fields_of(declared: Any) -> dict[str, Any] | None:
    """Fields of an output type (provider's spelling → Python type); None for a scalar, a list or a free mapping."""
    bare: Any = _types.unwrap_type(declared)
    if isinstance(bare, type) and _types.is_output_type(bare):
        return dict(_types.output_type_types(bare))
    return None
