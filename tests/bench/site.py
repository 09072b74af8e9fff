"""Where the bench takes place: one stack of the product, and the peers on its Temporal server and its PostgreSQL.

So every system has the same servers with the same settings (fsync on, Temporal's file with synchronous=FULL), the same
model provider, and is idle while another is measured.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from psycopg import sql
from temporalio.client import Client

from deploy.ports import pick
from deploy.temporal_server import DYNAMIC_CONFIG, PRAGMAS
from tests.bench.ledger import Calls
from tests.bench.systems import Ours, Peer, System
from tests.bench.watch import watching
from tests.support.provider import FaultKind, Provider, SpawnedProvider
from tests.support.terminal import Terminal, up

PEERS = {"temporal_raw": "raw Temporal", "dbos_peer": "DBOS", "langgraph_peer": "LangGraph + PostgreSQL"}
AGENT = "Do the task with what you are given"
"""Words of the prompt that the agent under test gets. It always answers so that its cases fail: chance would otherwise
decide how many calls a job makes."""
SAFE = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True)
class Site:
    """Everything that runs, and the one who sees every model call."""

    ours: Ours
    peers: tuple[Peer, ...]
    provider: SpawnedProvider
    calls: Calls
    terminal: Terminal
    durability: str

    @property
    def systems(self) -> tuple[System, ...]:
        """Ours first."""
        return (self.ours, *self.peers)

    def slow(self, seconds: float) -> None:
        """Make every model call take this long."""
        self.provider.reset()
        self.provider.when(contains=AGENT).answer("Done.")
        if seconds:
            self.provider.fail(FaultKind.DELAY, times=None, seconds=seconds)


@asynccontextmanager
async def running(folder: Path, peers: Sequence[str]) -> AsyncIterator[Site]:
    """Start everything, and stop it when the block ends."""
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(Provider.spawn(folder))
        terminal = await stack.enter_async_context(up(folder, **provider.settings))
        client = await Client.connect(terminal.stack.temporal_address)
        watch = await stack.enter_async_context(watching(terminal.stack.database_url))
        limits = httpx.Limits(max_connections=200, keepalive_expiry=2)
        http = httpx.AsyncClient(base_url=f"{terminal.stack.api_url}/api/v1", timeout=60, limits=limits)
        await stack.enter_async_context(http)
        found = []
        for module in peers:
            peer = await _peer(module, folder, terminal, provider, client)
            stack.push_async_callback(peer.down)
            await peer.up()
            found.append(peer)
        ours = Ours(terminal, http, client, watch)
        calls = Calls(folder / "calls.jsonl")
        yield Site(ours, tuple(found), provider, calls, terminal, await durability(terminal.stack.database_url))


async def _peer(module: str, folder: Path, terminal: Terminal, provider: SpawnedProvider, client: Client) -> Peer:
    arguments = {
        "port": str(pick(None, set())),
        "provider": provider.url,
        "key": provider.key,
        "temporal": terminal.stack.temporal_address,
        "database": await _database(terminal.stack.database_url, f"bench_{module}"),
    }
    return Peer(module, PEERS[module], arguments, client, folder / f"{module}.log")


async def _database(url: str, name: str) -> str:
    """A database of its own on the same server."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{url.rpartition('/')[0]}/{name}"


async def durability(url: str) -> str:
    """What the servers promise; AssertionError when PostgreSQL's own safety is off."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        shown = {}
        for name in SAFE:
            [(shown[name],)] = await (await connection.execute(sql.SQL("SHOW {}").format(sql.SQL(name)))).fetchall()
    assert set(shown.values()) == {"on"}, shown
    told = ", ".join(f"{name}={value}" for name, value in {**PRAGMAS, **DYNAMIC_CONFIG}.items())
    return f"PostgreSQL: {', '.join(f'{name}={value}' for name, value in shown.items())}; Temporal: {told}"
