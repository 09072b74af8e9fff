"""Events: replayed from a number, known by their key, and announced only once they are true."""

import asyncio
from contextlib import aclosing
from uuid import UUID

import pytest

from store import events, jobs
from store.notifications import listen
from store.session import Database
from tests.support.rows import make_job, told


async def append(database: Database, job: UUID, key: str) -> bool:
    event = events.Told(key, "progress", key, {"n": key}, "running", None, 10)
    async with database.transaction() as session:
        return await events.append(session, await jobs.locked(session, job), event)


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
    assert [await append(database, job, key) for key in "aab"] == [True, False, True]
    assert await append(database, other, "a")
    assert [event.seq for event in await told(database, job)] == [1, 2, 3]


async def test_of_overlapping_attempts_one_tells_and_no_number_is_left_out(database: Database) -> None:
    job = await make_job(database)
    told_by = await asyncio.gather(*[append(database, job, "ab"[at % 2]) for at in range(8)])
    assert sorted(told_by) == [False] * 6 + [True] * 2
    assert [event.seq for event in await told(database, job)] == [1, 2, 3]


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
