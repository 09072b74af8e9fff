"""A file that was sent in goes when it is old and nobody needs it: no job that goes on, no import under way."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.job import JobStatus, Source
from domain.library.importing import ImportWish
from domain.retention import Kind
from store import imports, jobs, retention, uploads
from store.session import Database
from tests.support import old_rows as old
from tests.support.rows import make_job

DAY = timedelta(days=1)
TICK = timedelta(seconds=30)
TABLES = ("uploads", "upload_chunks", "upload_texts")


async def forget(database: Database, days: int = 30, limit: int = 10) -> int:
    async with database.transaction() as session:
        return await uploads.forget(session, await retention.cutoff(session, days * DAY), limit)


async def left(database: Database) -> list[int]:
    return [await old.count(database, table) for table in TABLES]


async def found(database: Database) -> tuple[int, int, list[UUID]]:
    async with database.transaction() as session:
        seen = await retention.look(session, Kind.UPLOADS, 30 * DAY)
    return seen.jobs, seen.rows, seen.examples


async def job_with(database: Database, upload_id: UUID) -> UUID:
    job = await make_job(database)
    async with database.transaction() as session:
        source = Source(name="notes.md", content="", source_id=upload_id)
        (await jobs.locked(session, job)).sources = [source.model_dump(mode="json")]
    return job


async def imported(database: Database, upload_id: UUID) -> UUID:
    import_id = uuid4()
    async with database.transaction() as session:
        await imports.request(session, import_id, upload_id, "ada", ImportWish())
    return import_id


async def test_an_old_one_that_nobody_needs_goes_with_its_pieces_and_texts(database: Database) -> None:
    await old.send(database, 30 * DAY - TICK)
    await old.send(database, 30 * DAY + TICK)
    assert await found(database) == (0, 1, [])
    assert await left(database) == [2, 4, 2]
    assert [await forget(database) for _ in range(2)] == [1, 0]
    assert await left(database) == [1, 2, 1]
    assert await found(database) == (0, 0, [])


async def test_they_go_in_bounded_parts(database: Database) -> None:
    for _ in range(3):
        await old.send(database)
    assert [await forget(database, limit=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.RUNNING, JobStatus.PENDING_HITL])
async def test_what_a_job_needs_stays_with_its_texts_until_the_job_ends(database: Database, status: JobStatus) -> None:
    job = await job_with(database, await old.send(database))
    async with database.transaction() as session:
        (await jobs.locked(session, job)).status = status
    assert (await found(database), await forget(database)) == ((0, 0, []), 0)
    assert await left(database) == [1, 2, 1]
    await old.end(database, job, DAY)
    assert (await forget(database), await left(database)) == (1, [0, 0, 0])


async def test_of_two_jobs_the_one_that_goes_on_keeps_it(database: Database) -> None:
    upload_id = await old.send(database)
    await old.end(database, await job_with(database, upload_id), DAY)
    await job_with(database, upload_id)
    assert await forget(database) == 0


async def test_an_archive_stays_while_its_import_is_under_way_and_then_leaves_its_name_only(database: Database) -> None:
    upload_id = await old.send(database, key="k")
    import_id = await imported(database, upload_id)
    assert await forget(database) == 0
    async with database.transaction() as session:
        await imports.end(session, import_id, "")
    assert [await forget(database) for _ in range(2)] == [1, 0]
    assert await left(database) == [1, 0, 0]
    async with database.transaction() as session:
        assert (await imports.view(session, import_id)).filename == "notes.md"
        assert await uploads.of_person(session, upload_id, "ada") is None
        assert await uploads.of_key(session, "ada", "k") is None


async def test_the_name_that_an_import_leaves_stands_in_nobodys_way(database: Database) -> None:
    import_id = await imported(database, await old.send(database, key="k"))
    async with database.transaction() as session:
        await imports.end(session, import_id, "")
    await forget(database)
    again = await old.send(database, DAY, key="k")
    async with database.transaction() as session:
        known = await uploads.of_key(session, "ada", "k")
        assert known is not None and known.source_id == again
        assert (await imports.view(session, import_id)).filename == "notes.md"


async def test_who_asks_for_an_import_in_the_same_moment_keeps_the_archive(database: Database) -> None:
    """Whoever refers to it holds it; the removal goes round it, and the next one sees why it stays."""
    upload_id = await old.send(database)
    async with database.transaction() as session:
        await imports.request(session, uuid4(), upload_id, "ada", ImportWish())
        assert await asyncio.wait_for(forget(database), 10) == 0
    assert (await forget(database), await left(database)) == (0, [1, 2, 1])
