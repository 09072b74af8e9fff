"""The stand-in provider over real HTTP, and models that ask it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pydantic import JsonValue

from activities.programs.gate import Gate
from activities.programs.language_model import LanguageModel, ModelSpec, switch_off_caches
from tests.support.ledger import MemoryLedger
from tests.support.provider import LocalProvider, Provider

REQUEST = (
    "Write release notes for the Acme CLI from a list of merged pull requests, "
    "grouped into Added, Fixed and Breaking, at most 300 words"
)

MakeModel = Callable[..., LanguageModel]


@pytest.fixture(scope="session")
def no_caches() -> None:
    """dspy's caches are process-wide: off for every test here."""
    switch_off_caches()


@pytest.fixture
async def provider(no_caches: None) -> AsyncIterator[LocalProvider]:
    async with Provider.start() as started:
        yield started


Respond = Callable[[bytes], tuple[int, JsonValue]]
"""From a request's body to a status and a document."""


@pytest.fixture
async def odd_server() -> AsyncIterator[Callable[[Respond], Awaitable[str]]]:
    """A server for what the stand-in does not do: it answers each POST as the test says. Gives its base URL."""
    servers: list[asyncio.Server] = []

    async def start(respond: Respond) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])  # type: ignore[index]  # always sent
            status, document = respond(await reader.readexactly(length))
            body = json.dumps(document).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
                % (status, len(body), body)
            )
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def make_model(provider: LocalProvider, ledger: MemoryLedger) -> MakeModel:
    """A model on the stand-in; `small`, `timeout`, `key`, `at_once` and `attempt` as asked."""

    def make(
        small: bool = False, timeout: float = 30.0, key: str | None = None, at_once: int = 4, attempt: int = 0
    ) -> LanguageModel:
        spec = ModelSpec("openai/stand-in", provider.url, key or provider.key, timeout, small)
        return LanguageModel(spec, ledger, "job-1", Gate(at_once), attempt)

    return make


@pytest.fixture
def model(make_model: MakeModel) -> LanguageModel:
    return make_model()
