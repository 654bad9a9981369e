"""Starts the simulated providers on loopback and tells the engine where they are."""

import threading
from concurrent import futures
from types import TracebackType

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from tests.engine.providers.aws import Aws
from tests.engine.providers.azure import Azure
from tests.engine.providers.cloud import Cloud
from tests.engine.providers.faults import Fault, Faults
from tests.engine.providers.keys import Random, Tls
from tests.engine.providers.kubernetes import Kubernetes
from tests.engine.providers.provider import Provider
from tests.engine.providers.world import World

CLOUDS: tuple[type[Cloud], ...] = (Aws, Azure, Kubernetes, Random, Tls)
CALLS = 64
"""At a time: the engine asks for four per core, and hung calls keep their thread."""
_LARGEST = 2**28


class Clouds:
    """All simulated providers on one world: what one stack, or several beside each other, runs against."""

    def __init__(self) -> None:
        self.world, self.faults = World(), Faults()
        self._over = threading.Event()
        self._servers: dict[str, grpc.Server] = {}
        self._ports: dict[str, int] = {}

    def __enter__(self) -> "Clouds":
        for cloud in CLOUDS:
            self._start(cloud)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for server in self._servers.values():
            server.stop(0)

    @property
    def environment(self) -> dict[str, str]:
        """What the engine takes its providers from."""
        places = ",".join(f"{package}:{port}" for package, port in self._ports.items())
        return {"PULUMI_DEBUG_PROVIDERS": places}

    def order(self, fault: Fault) -> Fault:
        """What is to go wrong next."""
        return self.faults.order(fault)

    def mend(self) -> None:
        """Nothing goes wrong any more, hung calls end, and providers that died are there again."""
        self.faults.clear()
        self._over.set()
        self._over = threading.Event()
        for cloud in CLOUDS:
            self._servers[cloud.package].stop(0)
            self._start(cloud)

    def _start(self, cloud: type[Cloud]) -> None:
        server = grpc.server(futures.ThreadPoolExecutor(CALLS), options=[("grpc.max_receive_message_length", _LARGEST)])

        def die() -> None:
            server.stop(None)

        provider = Provider(cloud(self.world), self.faults, die, self._over)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
        self._ports[cloud.package] = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._servers[cloud.package] = server
