"""The listener: it wakes who follows a job, everybody after a break, and comes back by itself."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from api import hub as module
from api.hub import Hub
from store import jobs
from store.notifications import listen
from store.session import Database
from tests.api.conftest import Opened


def test_only_those_who_follow_the_job_are_woken() -> None:
    hub, mine, other = Hub(), uuid4(), uuid4()
    with hub.subscribed(mine) as first, hub.subscribed(mine) as second, hub.subscribed(other) as third:
        hub.wake(mine)
        assert [event.is_set() for event in (first, second, third)] == [True, True, False]
    hub.wake(mine)


def test_who_asked_is_told_of_who_comes_and_goes_and_need_not_reread() -> None:
    hub, job = Hub(), uuid4()
    with hub.subscribed(job, presence=True, watcher="ada") as ada, hub.subscribed(job, watcher="cli") as cli:
        ada.met = False
        ada.clear()
        with hub.subscribed(job, watcher="bob"), hub.subscribed(uuid4(), watcher="eve"), hub.subscribed(job):
            assert ada.is_set() and ada.met and not ada.news
            assert hub.watching(job) == ["ada", "bob", "cli"]
        assert not cli.is_set() and not cli.met
        ada.met = False
        with hub.subscribed(job):
            assert not ada.met  # somebody who is not seen
    assert hub.watching(job) == []


async def test_after_a_break_everybody_rereads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.0)
    connections = 0

    async def hints() -> AsyncGenerator[UUID | None, None]:
        nonlocal connections
        connections += 1
        yield None
        raise psycopg.OperationalError("gone")

    hub = Hub()
    with hub.subscribed(uuid4()) as wake:
        listening = asyncio.create_task(hub.listen(hints))
        async with asyncio.timeout(5):
            for _ in range(3):
                await wake.wait()
                wake.clear()
        listening.cancel()
    assert connections >= 3


async def test_a_committed_event_is_heard_and_a_lost_connection_is_told(
    database_url: str, database: Database, opened: Opened
) -> None:
    job = await opened()
    hints = listen(database_url)
    assert await anext(hints) is None
    async with database.transaction() as session:
        await jobs.change(session, job, "one", "phase", "on it goes")
    async with asyncio.timeout(10):
        assert await anext(hints) == job
    async with database.transaction() as session:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skill-fleet-events'"
        await session.execute(text(kill))
    with pytest.raises(psycopg.OperationalError):
        async with asyncio.timeout(10):
            await anext(hints)
