"""The official SDK's client of our MCP server, which runs as a process of its own on stdio."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

from mcp import Client, types
from mcp.client.stdio import StdioServerParameters

from tests.support.api_server import ROOT

AGENT = types.Implementation(name="claude-code", version="2")


class Shared(NamedTuple):
    """A server that serves several tests one after the other, and the address of its api."""

    agent: Client
    api_url: str


def mcp_client(*arguments: str, mode: Literal["auto", "legacy"] = "auto") -> Client:
    """The SDK's client of a server process with these arguments."""
    process = StdioServerParameters(
        command=sys.executable, args=["-m", "api.mcp_server", *arguments], cwd=ROOT, env={"PATH": os.defpath}
    )
    return Client(process, mode=mode, client_info=AGENT, read_timeout_seconds=30)


def everything(port: int, *more: str) -> Client:
    """A client that is served every skill of the api at this port."""
    return mcp_client("--api-url", f"http://127.0.0.1:{port}", "--all", *more)


@asynccontextmanager
async def held(port: int, *more: str) -> AsyncIterator[Client]:
    """Such a client, opened and closed by one task, as its scopes demand, whoever uses it meanwhile."""
    opened: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        async with everything(port, *more) as agent:
            opened.set_result(agent)
            await over.wait()

    holding = asyncio.create_task(hold())
    holding.add_done_callback(lambda _: opened.cancel())
    try:
        yield await opened
    finally:
        over.set()
        await holding
