"""Events: replayed from a number, known by their key, and announced only once they are true."""

import asyncio
from contextlib import aclosing
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError

from store import events, jobs
from store.notifications import listen
from store.session import Database
from tests.support.rows import make_job, told


async def append(database: Database, job: UUID, key: str) -> None:
    async with database.transaction() as session:
        await events.append(session, await jobs.locked(session, job), key, "progress", key, {"n": key})


async def test_a_stream_goes_on_after_the_number_it_has_seen(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    for key in "abc":
        await append(database, job, key)
    await append(database, other, "a")
    async with database.transaction() as session:
        rest = await events.since(session, job, 2)
        first = await events.since(session, job, 0, limit=2)
        assert await events.since(session, job, 99) == []
    assert [(event.seq, event.message, event.data) for event in rest] == [(3, "b", {"n": "b"}), (4, "c", {"n": "c"})]
    assert [event.seq for event in first] == [1, 2]


async def test_an_event_is_known_by_its_key_within_its_job(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    await append(database, job, "a")
    async with database.transaction() as session:
        assert await events.known(session, job, "a")
        assert not await events.known(session, other, "a")
        assert not await events.known(session, job, "b")


async def test_two_events_under_one_key_are_refused_by_the_database(database: Database) -> None:
    job = await make_job(database)
    await append(database, job, "a")
    with pytest.raises(IntegrityError, match="one_event_per_key"):
        await append(database, job, "a")
    assert len(await told(database, job)) == 2


async def test_a_listener_hears_of_an_event_when_it_is_committed_and_not_before(
    database: Database, database_url: str
) -> None:
    lost, kept = await make_job(database), await make_job(database)
    async with aclosing(listen(database_url)) as heard, asyncio.timeout(5):
        assert await anext(heard) is None
        with pytest.raises(RuntimeError):
            async with database.transaction() as session:
                await jobs.change(session, lost, "lost", "lost", "")
                raise RuntimeError
        await append(database, kept, "kept")
        assert await anext(heard) == kept
