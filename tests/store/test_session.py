"""The one transaction scope: all or nothing, never idle for long, and what is said of outages."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.errors import NotFound
from store.session import Database, will_pass
from store.tables import Job
from tests.support.rows import make_job, row_of

NOWHERE = "postgresql://nobody:x@127.0.0.1:1/none"


async def setting(database: Database, name: str) -> str:
    async with database.transaction() as session:
        return str(await session.scalar(text(f"SHOW {name}")))


async def rename(database: Database, job: object, to: str) -> None:
    async with database.transaction() as session:
        row = await session.get_one(Job, job)
        row.user_id = to


async def test_a_block_that_ends_is_committed(database: Database) -> None:
    job = await make_job(database)
    await rename(database, job, "bob")
    assert (await row_of(database, job)).user_id == "bob"


async def test_a_block_that_raises_changes_nothing_and_its_error_comes_through(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(NotFound, match="halfway"):
        async with database.transaction() as session:
            row = await session.get_one(Job, job)
            row.user_id = "bob"
            await session.flush()
            raise NotFound("halfway")
    assert (await row_of(database, job)).user_id == "ada"


async def test_a_cancelled_block_changes_nothing_and_gives_its_connection_back(database: Database) -> None:
    job = await make_job(database)
    inside = asyncio.Event()

    async def stay() -> None:
        async with database.transaction() as session:
            (await session.get_one(Job, job)).user_id = "bob"
            await session.flush()
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stay())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await row_of(database, job)).user_id == "ada"
    assert database.pool_state().active == 0


async def test_every_connection_of_ours_is_cut_after_a_minute_of_idling_in_a_transaction(database: Database) -> None:
    limits, backends = [], set()
    async with AsyncExitStack() as stack:
        for _ in range(database.pool_state().limit):  # overflow too
            session = await stack.enter_async_context(database.transaction())
            limits.append(await session.scalar(text("SHOW idle_in_transaction_session_timeout")))
            backends.add(await session.scalar(text("SELECT pg_backend_pid()")))
    assert (limits, len(backends)) == (["1min"] * 10, 10)


async def test_that_limit_is_no_empty_word_the_server_ends_a_transaction_that_idles(database: Database) -> None:
    with pytest.raises(DBAPIError, match="idle-in-transaction timeout") as caught:
        async with database.transaction() as session:
            await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
            killed = await session.scalar(text("SELECT pg_backend_pid()"))
            await until_gone(database, killed)
            await session.execute(text("SELECT 1"))
    assert will_pass(caught.value)
    assert database.pool_state().active == 0


async def until_gone(database: Database, backend: int | None) -> None:
    """Wait, over other connections, until the server has ended this one."""
    async with asyncio.timeout(10):
        while True:
            async with database.transaction() as session:
                query = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
                if not await session.scalar(query, {"pid": backend}):
                    return


async def test_an_operator_sees_whose_connection_it_is(database: Database) -> None:
    assert await setting(database, "application_name") == "skill-fleet"


async def failure(database: Database, statement: str) -> DBAPIError:
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as session:
            await session.execute(text(statement))
    return caught.value


async def test_a_database_that_is_away_will_pass() -> None:
    database = Database.connect(NOWHERE)
    with pytest.raises(OperationalError) as caught:
        await database.ping()
    await database.dispose()
    assert will_pass(caught.value)


async def test_a_connection_that_the_server_cut_will_pass(database: Database) -> None:
    assert will_pass(await failure(database, "SELECT pg_terminate_backend(pg_backend_pid())"))
    await database.ping()


async def test_a_full_pool_will_pass() -> None:
    assert will_pass(PoolTimeout("QueuePool limit reached"))


async def test_a_wrong_query_will_not_pass(database: Database) -> None:
    error = await failure(database, "SELECT nothing FROM nowhere")
    assert isinstance(error, ProgrammingError)
    assert not will_pass(error)


async def test_a_row_that_breaks_a_rule_will_not_pass(database: Database) -> None:
    job = await make_job(database)
    error = await failure(database, f"UPDATE jobs SET status = 'somewhere' WHERE job_id = '{job}'")
    assert isinstance(error, IntegrityError)
    assert not will_pass(error)


async def test_texts_of_people_are_in_no_error(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as session:
            await session.execute(text("SELECT CAST(:said AS jsonb) -> nothing"), {"said": "a private word"})
    assert "a private word" not in str(caught.value)


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), NotFound("x")])
def test_what_is_no_database_error_will_not_pass(error: Exception) -> None:
    assert not will_pass(error)


async def test_while_reading_a_row_is_read_once_and_the_next_time_it_is_news(database: Database) -> None:
    job = await make_job(database)
    async with database.reading() as session:
        assert (await session.get_one(Job, job)).user_id == "ada"  # nobody here holds it
        await rename(database, job, "bob")
        assert (await session.get_one(Job, job)).user_id == "ada"
    async with database.reading() as session:
        assert (await session.get_one(Job, job)).user_id == "bob"
