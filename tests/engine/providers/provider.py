# ruff: noqa: N802  # gRPC names the methods
"""The resource provider that Pulumi's engine talks to; all that differs between the clouds stands in `Cloud`."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from tests.engine.providers import wire
from tests.engine.providers.cloud import MADE_UP, Cloud
from tests.engine.providers.faults import Fault, Faults, Operation
from tests.engine.providers.world import Event, RefusedError, Thing

VERSION = "99.0.0"
Context = grpc.ServicerContext


@dataclass(frozen=True)
class _Status:
    """What gRPC sends back instead of an answer."""

    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """`die` ends this provider's process, as far as the engine can tell; `over` is set when the test ends."""

    def __init__(self, cloud: Cloud, faults: Faults, die: Callable[[], None], over: threading.Event) -> None:
        self.cloud, self.world = cloud, cloud.world
        self.faults, self.die, self.over = faults, die, over

    def GetPluginInfo(self, request: Any, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def Handshake(self, request: Any, context: Context) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True, accept_outputs=True)

    def Attach(self, request: Any, context: Context) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Context) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: Context) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": self.cloud.package, "version": VERSION}))

    def CheckConfig(self, request: Any, context: Context) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Context) -> provider_pb2.DiffResponse:
        old, new = wire.read(request.old_inputs), wire.read(request.news)
        changed = {path.partition(".")[0].partition("[")[0] for path in wire.differences(old, new)}
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        replaces = self.cloud.new_provider(changed, new)
        return provider_pb2.DiffResponse(changes=some, diffs=sorted(changed), replaces=sorted(replaces))

    def Configure(self, request: Any, context: Context) -> provider_pb2.ConfigureResponse:
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True
        )

    def Check(self, request: Any, context: Context) -> provider_pb2.CheckResponse:
        seed = (request.randomSeed or request.urn.encode()).hex()[-32:]
        inputs = self.cloud.checked(request.urn, wire.read(request.news), wire.read(request.olds), seed)
        return provider_pb2.CheckResponse(inputs=wire.write(inputs))

    def Diff(self, request: Any, context: Context) -> provider_pb2.DiffResponse:
        token = wire.token(request.urn)
        old, new = wire.read(request.old_inputs), wire.read(request.news)
        first = self.cloud.deletes_first(token, old, new)
        for values in (old, new):
            values.pop(MADE_UP, None)
        found = [
            path
            for path in wire.differences(old, new)
            if not any(wire.covers(ignored, path) for ignored in request.ignoreChanges)
        ]
        replaces = [path for path in found if self.cloud.replaces(token, path, old, new)]
        kinds = provider_pb2.PropertyDiff.UPDATE, provider_pb2.PropertyDiff.UPDATE_REPLACE
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({_top(path) for path in found}),
            replaces=sorted({_top(path) for path in replaces}),
            deleteBeforeReplace=bool(replaces) and first,
            hasDetailedDiff=True,
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=kinds[path in replaces], inputDiff=True) for path in found
            },
        )

    def Create(self, request: Any, context: Context) -> provider_pb2.CreateResponse:
        urn, shown = request.urn, wire.read(request.properties)
        inputs = wire.clear(shown)
        made = self.cloud.make(urn, inputs, shown, self.world.number())
        if request.preview:
            return provider_pb2.CreateResponse(properties=wire.write(_planned(shown, dict(made.outputs))))
        fault = self._fault("create", urn, context)
        thing = Thing(urn, made.id, self.cloud.identity(urn, inputs), inputs, made.outputs, made.marks, shown)
        try:
            self.cloud.require(urn, inputs)
            self.world.settle(thing)
            self.world.add(thing)
        except RefusedError as refused:
            context.abort(grpc.StatusCode.UNKNOWN, str(refused))
        self._afterwards(fault, thing, context)
        return provider_pb2.CreateResponse(id=thing.id, properties=wire.write(thing.outputs))

    def Update(self, request: Any, context: Context) -> provider_pb2.UpdateResponse:
        urn, shown = request.urn, wire.read(request.news)
        outputs = self.cloud.outputs_of_update(urn, shown, wire.read(request.olds))
        if not request.preview:
            fault = self._fault("update", urn, context)
            thing = self.world.find(urn, request.id)
            if thing is None:
                context.abort(grpc.StatusCode.NOT_FOUND, f"{request.id} is not there")
            inputs = wire.clear(shown)
            thing.identity = self.cloud.identity(urn, inputs)
            thing.inputs, thing.shown, thing.outputs = inputs, shown, outputs
            self.world.note(Event("update", urn, request.id))
            self._afterwards(fault, thing, context)
        return provider_pb2.UpdateResponse(properties=wire.write(outputs))

    def Delete(self, request: Any, context: Context) -> empty_pb2.Empty:
        fault = self._fault("delete", request.urn, context)
        thing = self.world.find(request.urn, request.id)
        if thing is not None:
            if why := self.cloud.keeps(thing):
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, why)
            self.world.remove(thing)
            self._afterwards(fault, thing, context)
        return empty_pb2.Empty()

    def Read(self, request: Any, context: Context) -> provider_pb2.ReadResponse:
        """A refresh, an import (an id alone), or what a program looks up."""
        thing = self.world.find(request.urn, request.id)
        if thing is not None:
            return provider_pb2.ReadResponse(
                id=thing.id, properties=wire.write(thing.outputs), inputs=wire.write(thing.shown)
            )
        found = self.cloud.looked_up(request.urn, request.id)
        if found is None:
            return provider_pb2.ReadResponse(id="")
        return provider_pb2.ReadResponse(id=request.id, properties=wire.write(found), inputs=wire.write(found))

    def Invoke(self, request: Any, context: Context) -> provider_pb2.InvokeResponse:
        answer = self.cloud.answer(request.tok, wire.clear(wire.read(request.args)))
        return provider_pb2.InvokeResponse(**{"return": wire.write(answer)})

    def _fault(self, operation: Operation, urn: str, context: Context) -> Fault | None:
        fault = self.faults.next(operation, urn)
        if fault is not None and fault.kind == "refuse":
            self.world.note(Event("refused", urn, why=fault.words))
            context.abort(grpc.StatusCode.UNKNOWN, fault.words)
        return fault

    def _afterwards(self, fault: Fault | None, thing: Thing, context: Context) -> None:
        """What keeps the answer to something that was done from the engine."""
        if fault is None:
            return
        if fault.kind == "late":
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "context deadline exceeded: it was not ready in time")
        if fault.kind == "partial":
            self._half_done(thing, context)
        if fault.kind == "crash":
            threading.Thread(target=self.die, daemon=True).start()
        while context.is_active() and not self.over.wait(0.1):
            pass
        context.abort(grpc.StatusCode.UNAVAILABLE, "the provider is gone")

    def _half_done(self, thing: Thing, context: Context) -> NoReturn:
        words = "it was made, but is not ready"
        detail = any_pb2.Any()
        detail.Pack(
            provider_pb2.ErrorResourceInitFailed(
                id=thing.id,
                properties=wire.write(thing.outputs),
                inputs=wire.write(thing.shown),
                reasons=[words],
            )
        )
        code = grpc.StatusCode.UNKNOWN
        status = status_pb2.Status(code=code.value[0], message=words, details=[detail])
        context.abort_with_status(_Status(code, words, (("grpc-status-details-bin", status.SerializeToString()),)))


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _planned(shown: Any, made: Any) -> Any:
    """The outputs as far as they are known before the creation: what was given, and unknown for all else."""
    if isinstance(shown, dict) and isinstance(made, dict) and wire.SIGNATURE not in made:
        return {key: _planned(shown.get(key), value) for key, value in made.items()}
    return made if made == shown else wire.UNKNOWN
