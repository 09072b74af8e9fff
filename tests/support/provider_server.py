"""The HTTP server under the stand-in provider. Must not know what it serves."""

import asyncio
import socket

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.support.provider_app import ProviderApp
from tests.support.provider_models import Control
from tests.support.provider_state import ProviderState
from tests.support.quick_server import QuickServer

_MODELS = ["stand-in"]


class Server:
    """Uvicorn on an own socket. Binds at once, so that the port is known before anything runs."""

    def __init__(self, state: ProviderState, key: str, port: int) -> None:
        self.key = key
        self._state = state
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        connections: dict[tuple[str, int], asyncio.Transport] = {}

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
                connections[transport.get_extra_info("peername")] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        def drop(request: Request) -> None:
            if request.client is not None:
                connections[(request.client.host, request.client.port)].abort()

        app = ProviderApp(state, key, _MODELS, drop).asgi()
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._uvicorn = QuickServer(config)

    def run(self) -> None:
        with self._socket:
            self._uvicorn.run(sockets=[self._socket])

    def stop(self) -> None:
        self._state.order(Control(release=True))
        self._uvicorn.should_exit = True
