"""What the peers share: the way in over HTTP, and the command line. Must not know how any of them works.

`POST /jobs/{job}?shape=` starts, `POST /jobs/{job}/answer` is a person, `GET /jobs/{job}/waiting` and `/done` return
when it is so. As a command: `--answer JOB` sends an answer from outside while the peer itself is dead.
"""

import argparse
import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.peers.job import SHAPES, Name, provider_client


class Options(argparse.Namespace):
    """The command line, typed."""

    port: int = 0
    provider: str = ""
    key: str = ""
    temporal: str = ""
    database: str = ""
    answer: str | None = None


class Peer(ABC):
    """A durable engine that does the job."""

    def __init__(self, options: Options, http: httpx.AsyncClient) -> None:
        self.options = options
        self.http = http

    @abstractmethod
    def running(self) -> AbstractAsyncContextManager[None]:
        """Connect and work until the block ends."""

    @abstractmethod
    async def start(self, job: str, shape: Name) -> None:
        """Start a job; it is durable when this returns, where the engine can say so."""

    @abstractmethod
    async def answer(self, job: str) -> None:
        """A person answers; the answer is durable when this returns, where the engine can say so."""

    @abstractmethod
    async def until_waiting(self, job: str) -> None:
        """Return when the job waits for its person."""

    @abstractmethod
    async def until_done(self, job: str) -> None:
        """Return when the job has ended."""


def application(peer: Peer) -> Starlette:
    """The routes."""

    async def start(request: Request) -> Response:
        shape: Name = "parked" if request.query_params["shape"] == "parked" else "whole"
        await peer.start(request.path_params["job"], shape)
        return Response(status_code=202)

    async def answer(request: Request) -> Response:
        await peer.answer(request.path_params["job"])
        return Response(status_code=202)

    async def waiting(request: Request) -> Response:
        await peer.until_waiting(request.path_params["job"])
        return Response()

    async def done(request: Request) -> Response:
        await peer.until_done(request.path_params["job"])
        return Response()

    async def live(_request: Request) -> Response:
        return Response()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with peer.http, peer.running():
            yield

    routes = [
        Route("/live", live),
        Route("/jobs/{job}", start, methods=["POST"]),
        Route("/jobs/{job}/answer", answer, methods=["POST"]),
        Route("/jobs/{job}/waiting", waiting),
        Route("/jobs/{job}/done", done),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def main(make: Callable[[Options, httpx.AsyncClient], Peer], send: Callable[[Options, str], None] | None) -> None:
    """Serve until killed, or send one answer from outside (`send`; None where a peer has no such way)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    for name in ("--provider", "--key", "--temporal", "--database", "--answer"):
        parser.add_argument(name)
    options = parser.parse_args(namespace=Options())
    if options.answer is not None:
        if send is None:
            parser.error("this peer takes answers only while it runs")
        send(options, options.answer)
        return
    assert set(SHAPES) == {"whole", "parked"}
    asyncio.run(_serve(options, make))


async def _serve(options: Options, make: Callable[[Options, httpx.AsyncClient], Peer]) -> None:
    peer = make(options, provider_client(options.provider, options.key))
    config = uvicorn.Config(application(peer), port=options.port, log_level="error", access_log=False)
    await uvicorn.Server(config).serve()
