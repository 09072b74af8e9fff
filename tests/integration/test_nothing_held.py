"""No connection is held while something slow goes on: a model call, a stream, a file on a slow disk."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.library import LibraryFolder
from domain.job import JobStatus
from domain.prompt import HitlType
from store import jobs
from store.session import Database
from tests.api.conftest import Opened, app, client, library, opened
from tests.support.api_server import serving
from tests.support.fleet import Fleet
from tests.support.provider import FaultKind
from tests.support.sse import events
from tests.support.waiting import until

__all__ = ["app", "client", "library", "opened"]  # fixtures

OPEN = text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'skill-fleet%' AND xact_start IS NOT NULL "
    "AND pid <> pg_backend_pid()"
)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a slow disk waits for; opened at last, so that no thread is left waiting."""
    gate = threading.Event()
    yield gate
    gate.set()


async def open_transactions(database: Database) -> int:
    """Transactions of ours that PostgreSQL knows of, this look apart."""
    async with database.transaction() as session:
        return int(await session.scalar(OPEN) or 0)


async def nothing_held(database: Database, *pools: Database) -> None:
    """Whatever was under way beside it ends, and then no pool has given out a connection. TimeoutError otherwise."""
    await until(lambda: not any(pool.pool_state().active for pool in (database, *pools)))
    async with asyncio.timeout(10):
        while await open_transactions(database):  # noqa: ASYNC110 - the server tells nobody when one ends
            await asyncio.sleep(0.01)


async def test_this_watch_sees_a_transaction_that_is_held(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))
        assert database.pool_state().active == 1
        assert await open_transactions(database) == 1
        with pytest.raises(TimeoutError):
            await until(lambda: not database.pool_state().active, within=0.05)
    await nothing_held(database)


async def test_no_connection_is_held_while_a_model_thinks(fleet: Fleet) -> None:
    """At every call of a whole job in turn: the first of a step, and those side by side."""
    fleet.provider.fail(FaultKind.HANG, times=None)
    job = await fleet.start(auto_approve=True)
    done = asyncio.create_task(fleet.outcome(job))
    looks = 0
    while not done.done():
        if hanging := thinking(fleet):
            await nothing_held(fleet.database)
            looks += hanging <= thinking(fleet)  # a look counts only if they thought all the while
            fleet.provider.release()
        await asyncio.sleep(0.01)
    assert (await done).status is JobStatus.COMPLETED
    assert looks >= 5


def thinking(fleet: Fleet) -> set[int]:
    """The model calls under way."""
    return {call.number for call in fleet.provider.calls() if call.ended_at is None}


async def test_no_connection_is_held_while_a_person_thinks(fleet: Fleet) -> None:
    job = await fleet.start()
    await fleet.prompt(job, HitlType.CLARIFY)
    await nothing_held(fleet.database)


async def test_no_connection_is_held_while_streams_are_open(app: FastAPI, database: Database, opened: Opened) -> None:
    job = await opened()
    async with serving(app) as port, AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1/jobs"))
        streams = [events(await stack.enter_async_context(client.stream("GET", f"/{job}/events"))) for _ in range(12)]
        heard = [[(await anext(stream))["event"] for stream in streams] for _ in ("state", "started")]
        await nothing_held(database, app.state.services.database)
        async with database.transaction() as session:
            await jobs.change(session, job, "one", "phase", "on it goes")
        heard += [[(await anext(stream))["event"] for stream in streams]]
    assert heard == [["state"] * 12, ["started"] * 12, ["phase"] * 12]


async def test_no_connection_is_held_while_a_draft_is_written_to_a_slow_disk(
    fleet: Fleet, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, flush = threading.Event(), os.fsync

    def slowly(file: int) -> None:
        reached.set()
        gate.wait()
        flush(file)

    monkeypatch.setattr(os, "fsync", slowly)
    job = await fleet.start(auto_approve=True, promote=True, max_questions=0)
    await until(reached.is_set, within=60)
    await nothing_held(fleet.database)
    gate.set()
    assert (await fleet.outcome(job)).status is JobStatus.COMPLETED


@dataclass(frozen=True)
class SlowDisk(LibraryFolder):
    """A library whose files take their time."""

    gate: threading.Event
    reached: threading.Event = field(default_factory=threading.Event)

    def text(self, path: str) -> str:
        self.reached.set()
        self.gate.wait()
        return super().text(path)


async def test_no_connection_is_held_while_a_skill_is_read_from_a_slow_disk(
    fleet: Fleet, app: FastAPI, client: httpx.AsyncClient, gate: threading.Event
) -> None:
    job = await fleet.start(auto_approve=True, promote=True, max_questions=0)
    await fleet.outcome(job)
    path = (await fleet.job(job)).final_path
    disk = SlowDisk(fleet.library, gate)
    app.state.services = replace(app.state.services, library=disk)
    reading = asyncio.create_task(client.get(f"/api/v1/skills/{path}"))
    await until(disk.reached.is_set)
    await nothing_held(fleet.database, app.state.services.database)
    gate.set()
    assert (await reading).json()["content"].startswith("---")
