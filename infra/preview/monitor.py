"""What stands in the engine's place while a program is recorded: its monitor, its log and its callback server."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from google.protobuf import empty_pb2, struct_pb2

from infra.preview import answers, sdk, secret_sources, wire
from infra.preview.model import PROVIDER_PREFIX, STACK_TYPE, Options, Resource
from infra.standing import READ_EXPORTS


class Engine:
    """Keeps what the program logs."""

    def __init__(self) -> None:
        self.warnings: set[str] = set()
        self.errors: set[str] = set()

    def Log(self, request: sdk.engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802  # the engine's own name
        """Keep a warning or an error (an error fails the engine's run too); everything else is noise here."""
        if request.severity == sdk.engine_pb2.WARNING:
            self.warnings.add(request.message)
        elif request.severity == sdk.engine_pb2.ERROR:
            self.errors.add(request.message)
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, _request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Any version range is met: there is no CLI."""
        return empty_pb2.Empty()


class Callbacks:
    """Stands in for the SDK's callback server: hooks are only named in a plan, never called."""

    def register_resource_hook(self, _hook: Any) -> None:
        """Accept it: its name arrives with the resource."""

    def register_error_hook(self, _hook: Any) -> None:
        """Accept it: its name arrives with the resource."""


class Monitor:
    """The resource monitor's calls, answered from the request alone. Called from several threads at a time."""

    def __init__(self, project: str, stack: str, providers_off: frozenset[str]) -> None:
        self.resources: dict[str, Resource] = {}
        self.outputs: Mapping[str, Any] = {}
        self.defects: set[str] = set()
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._providers_off = providers_off
        self._unconfigured: set[str] = set()
        self._reads: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def GetDeploymentInfo(self, _request: Any) -> sdk.resource_pb2.DeploymentInfo:  # noqa: N802
        """What this monitor understands. No transforms: nothing here would run them, so the SDK refuses them."""
        return sdk.resource_pb2.DeploymentInfo(
            supportedFeatures=[
                sdk.resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
                sdk.resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
                sdk.resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
                sdk.resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
                sdk.resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
                sdk.resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
                sdk.resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
            ]
        )

    def SignalAndWaitForShutdown(self, _request: Any) -> empty_pb2.Empty:  # noqa: N802
        """Nothing to wait for."""
        return empty_pb2.Empty()

    def RegisterResource(  # noqa: N802
        self, request: sdk.resource_pb2.RegisterResourceRequest
    ) -> sdk.resource_pb2.RegisterResourceResponse:
        """Keep the resource; answer with its URN, an unknown id and what is known of its outputs."""
        urn = self._urn(request)
        provider = request.provider.rpartition("::")[0] or None
        if request.custom:
            self._require_provider(request.type, f"{request.type} {request.name!r}", provider)
        with self._lock:
            configured = provider not in self._unconfigured
        inputs = request.object
        if configured:
            inputs = answers.checked_inputs(request.type, request.name, urn, inputs)
        resource = _resource(request, urn, provider, inputs)
        waits_for = tuple(sorted(self._through_reads(resource.depends_on)))
        self._keep(replace(resource, depends_on=waits_for), inputs)
        if not request.custom:
            return sdk.resource_pb2.RegisterResourceResponse(urn=urn, object=inputs)
        known = struct_pb2.Struct()
        if configured:
            known = answers.outputs(request.type, inputs, list(request.additionalSecretOutputs))
        return sdk.resource_pb2.RegisterResourceResponse(urn=urn, object=known)

    def ReadResource(  # noqa: N802
        self, request: sdk.resource_pb2.ReadResourceRequest
    ) -> sdk.resource_pb2.ReadResourceResponse:
        """Reading what is there already needs an account: everything but the id is unknown. Not part of the plan:
        who waits for the read waits, in the plan, for what the read waits for.
        """
        self._require_provider(request.type, f"{request.type} {request.name!r}", request.provider)
        urn = f"{self._prefix}{self._qualified(request.parent, request.type)}::{request.name}"
        with self._lock:
            self._reads[urn] = frozenset(self._through_reads(request.dependencies))
        return sdk.resource_pb2.ReadResourceResponse(urn=urn, id=request.id, properties=struct_pb2.Struct())

    def RegisterResourceOutputs(self, request: sdk.resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:  # noqa: N802
        """Keep the Stack's exports; components' own outputs show nothing that their resources do not."""
        if request.urn.removeprefix(self._prefix).startswith(f"{STACK_TYPE}::"):
            self.outputs = wire.plain(request.outputs)
        return empty_pb2.Empty()

    def Invoke(self, request: sdk.resource_pb2.ResourceInvokeRequest) -> sdk.resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Nobody can be asked: the answer is unknown as a whole, which the `_output` form of a function carries on.

        But for one: a stack before its first `up` exports nothing, and that is what it reads of itself.
        """
        if request.tok == READ_EXPORTS:
            nothing = sdk.resource_pb2.ResourceInvokeResponse()
            getattr(nothing, "return").update({"outputs": {}})
            return nothing
        self._require_provider(request.tok, f"function {request.tok}", request.provider)
        return sdk.resource_pb2.ResourceInvokeResponse(unknown=True)

    def _require_provider(self, token: str, what: str, provider: str | None) -> None:
        package = token.split(":", 1)[0]
        if not provider and package != "pulumi" and self._providers_off & {package, "*"}:
            self.defects.add(
                f"{what} has no explicit provider, and the default provider of {package!r} is switched off: "
                f"give it (or its parent) one"
            )

    def _keep(self, resource: Resource, inputs: struct_pb2.Struct) -> None:
        with self._lock:
            if resource.urn in self.resources:
                self.defects.add(f"duplicate resource URN {resource.urn}: give one of the two another name")
            self.resources[resource.urn] = resource
            if resource.type.startswith(PROVIDER_PREFIX) and wire.has_unknown(inputs):
                self._unconfigured.add(resource.urn)

    def _through_reads(self, urns: Iterable[str]) -> set[str]:
        return {other for urn in urns for other in self._reads.get(urn, (urn,))}

    def _urn(self, request: sdk.resource_pb2.RegisterResourceRequest) -> str:
        return f"{self._prefix}{self._qualified(request.parent, request.type)}::{request.name}"

    def _qualified(self, parent: str, token: str) -> str:
        """The engine's type chain: ancestors' types without the Stack's."""
        chain = parent.removeprefix(self._prefix).partition("::")[0]
        return f"{chain}${token}" if chain not in ("", STACK_TYPE) else token


def _resource(
    request: sdk.resource_pb2.RegisterResourceRequest, urn: str, provider: str | None, inputs: struct_pb2.Struct
) -> Resource:
    sources = request.propertyDependencies
    by_option = {request.deletedWith, *request.replace_with} - {""}
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent or None,
        provider=provider,
        inputs=wire.plain(inputs),
        depends_on=secret_sources.resources({*request.dependencies, *by_option}),
        options=_options(request),
        by_property={key: urns for key, found in sources.items() if (urns := secret_sources.resources(found.urns))},
        by_secret={key: keys for key, found in sources.items() if (keys := secret_sources.secrets(found.urns))},
    )


def _options(request: sdk.resource_pb2.RegisterResourceRequest) -> Options:
    options = Options(
        protect=request.protect,
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith or None,
        ignore_changes=tuple(sorted(request.ignoreChanges)),
        replace_on_changes=tuple(sorted(request.replaceOnChanges)),
        additional_secret_outputs=tuple(sorted(request.additionalSecretOutputs)),
    )
    timeouts = {field.name: value for field, value in request.customTimeouts.ListFields()}
    hooks = {field.json_name: tuple(names) for field, names in request.hooks.ListFields()}
    sent: list[Any] = list(request.aliases)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    aliases = tuple(
        alias.urn or {field.json_name: value for field, value in alias.spec.ListFields() if value != ""}
        for alias in sent
    )
    return replace(options, custom_timeouts=timeouts, hooks=hooks, aliases=aliases)
