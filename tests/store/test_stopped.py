"""Jobs that a problem has stopped: found by whom they concern, longest stopped first."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.job import JobStatus
from store import groups, jobs, stopped
from store.session import Database
from tests.support.rows import make_job


async def stop(database: Database, hours: int, *, user: str = "ada", status: JobStatus = JobStatus.RUNNING) -> UUID:
    job = await make_job(database, user=user, status=status)
    since = datetime.now(UTC) - timedelta(hours=hours)
    async with database.transaction() as session:
        await jobs.change(session, job, "problem:1", "problem", "no key", error="no key", parked_at=since)
    return job


async def found(database: Database, person: str | None = None, limit: int = 200) -> list[UUID]:
    async with database.transaction() as session:
        return [job.job_id for job in await stopped.by_a_problem(session, person, limit=limit)]


async def test_the_job_that_has_stood_longest_comes_first(database: Database) -> None:
    short, long = await stop(database, 1), await stop(database, 5)
    assert await found(database) == [long, short]
    assert await found(database, limit=1) == [long]


async def test_an_ended_job_and_one_that_goes_on_are_not_stopped(database: Database) -> None:
    await stop(database, 1, status=JobStatus.FAILED)
    mended = await stop(database, 1)
    async with database.transaction() as session:
        await jobs.change(session, mended, "resumed:1", "resumed", "on it goes", error=None, parked_at=None)
    assert await found(database) == []


async def test_a_stopped_job_concerns_who_is_to_act_and_its_owner_only_while_nobody_else_is(database: Database) -> None:
    hers, handed = await stop(database, 2), await stop(database, 1)
    async with database.transaction() as session:
        await jobs.assign(session, handed, "group:keepers", "ada")
        await groups.set_members(session, "keepers", ["bob"])
    assert await found(database, "ada") == [hers]
    assert await found(database, "bob") == [handed]
