"""The ledger of model calls: the first answer under a key stands for ever, and a price nobody knows is not zero."""

import asyncio

import pytest
from sqlalchemy import text

from domain.budget import Spend
from domain.evaluation import Arm
from domain.job import Usage
from store import calls
from store.session import Database, Session
from tests.support.rows import a_call, make_job


async def until_waiting(session: Session, number: int) -> None:
    """Until so many others wait for what this transaction has locked."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(5):
        while await session.scalar(waiting) != number:
            await session.execute(text("SELECT pg_stat_clear_snapshot()"))
            await asyncio.sleep(0.002)


async def test_of_two_overlapping_attempts_both_go_on_with_the_first_answer(database: Database) -> None:
    job = await make_job(database)

    async def keep(text: str) -> list[str]:
        async with database.transaction() as session:
            return (await calls.keep(session, job, a_call(outputs=[text]))).outputs

    async with database.transaction() as first:
        standing = await calls.keep(first, job, a_call(outputs=["first"]))
        others = [asyncio.create_task(keep(f"attempt {n}")) for n in range(4)]
        await until_waiting(first, 4)
    assert standing.outputs == ["first"]
    assert await asyncio.gather(*others) == [["first"]] * 4
    async with database.transaction() as session:
        assert (await calls.usage(session, job)).calls == 1


async def test_an_attempt_whose_transaction_failed_leaves_the_key_free(database: Database) -> None:
    job = await make_job(database)
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await calls.keep(session, job, a_call(outputs=["lost"]))
            raise RuntimeError
    async with database.transaction() as session:
        assert await calls.find(session, job, "write/1/0") is None
        assert (await calls.keep(session, job, a_call(outputs=["kept"]))).outputs == ["kept"]


async def test_a_kept_call_is_found_whole_and_in_its_own_job_only(database: Database) -> None:
    job, other = await make_job(database), await make_job(database)
    call = a_call(outputs=["a", "b"], input_tokens=3, output_tokens=4, usd=0.5, latency=1.5)
    async with database.transaction() as session:
        await calls.keep(session, job, call)
    async with database.transaction() as session:
        assert await calls.find(session, job, call.key) == call
        assert await calls.find(session, other, call.key) is None


async def usage(database: Database, *prices: float | None) -> Usage:
    job = await make_job(database)
    async with database.transaction() as session:
        for number, usd in enumerate(prices):
            model = "openai/b" if number else "openai/a"
            call = a_call(f"key {number}", usd=usd, input_tokens=10, output_tokens=2, model=model)
            await calls.keep(session, job, call)
        return await calls.usage(session, job)


async def test_a_job_that_asked_nothing_has_used_nothing(database: Database) -> None:
    assert await usage(database) == Usage()


async def test_usage_adds_up_calls_tokens_and_prices(database: Database) -> None:
    used = await usage(database, 0.25, 0.5, 0.0)
    assert used == Usage(calls=3, input_tokens=30, output_tokens=6, usd=0.75, models=["openai/a", "openai/b"])


@pytest.mark.parametrize("prices", [(None,), (0.25, None), (None, 0.0)])
async def test_one_unknown_price_makes_the_sum_unknown(database: Database, prices: tuple[float | None, ...]) -> None:
    used = await usage(database, *prices)
    assert used.usd is None
    assert used.calls == len(prices)


async def test_a_budget_counts_input_and_output_together(database: Database) -> None:
    job = await make_job(database)
    async with database.transaction() as session:
        assert await calls.spent(session, job) == Spend()
        await calls.keep(session, job, a_call("a", input_tokens=3, output_tokens=4, usd=0.5))
        assert await calls.spent(session, job) == Spend(calls=1, tokens=7, usd=0.5)
        await calls.keep(session, job, a_call("b", input_tokens=1, output_tokens=1))
        assert await calls.spent(session, job) == Spend(calls=2, tokens=9, usd=None)


async def test_calls_that_tried_cases_are_counted_by_arm_revision_and_case(database: Database) -> None:
    job = await make_job(database)
    keys = ["try/with/1/a/x", "try/with/1/a/1/x", "try/with/1/b/x", "try/with/10/a/x", "try/without/0/a/x", "trying/a"]
    async with database.transaction() as session:
        for key in keys:
            await calls.keep(session, job, a_call(key))
        assert await calls.tried(session, job, Arm.WITH, 1, ["a"]) == 2
        assert await calls.tried(session, job, Arm.WITH, 1, ["a", "b", "c"]) == 3
        assert await calls.tried(session, job, Arm.WITHOUT, 0, ["a"]) == 1
        assert await calls.tried(session, job, Arm.WITH, 2, ["a"]) == 0
        assert await calls.tried(session, job, Arm.WITH, 1, []) == 0
